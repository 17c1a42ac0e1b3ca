"""Evidence by name, as one text that can be compared, and as the map that is stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

_NAME_END, _ENTRY_END = "\x1f", "\x1e"


def evidence(names: Sequence[str]) -> pl.Expr:
    """These columns as one text; null ones are left out. `names` are in order."""
    parts = [pl.lit("")]
    for name in names:
        told = pl.col(name).cast(pl.String)
        told = told.str.replace_all(f"[{_ENTRY_END}{_NAME_END}]", "\ufffd")
        value = pl.concat_str(pl.lit(f"{name}{_NAME_END}"), told, pl.lit(_ENTRY_END))
        parts.append(value.fill_null(""))
    return pl.concat_str(parts)


def texts_of(maps: pl.Series) -> pl.Series:
    """The texts of stored maps, as `evidence` has them."""
    entry = pl.element().struct
    parts = [entry[0], pl.lit(_NAME_END), entry[1], pl.lit(_ENTRY_END)]
    entries = maps.map.entries().list.eval(pl.concat_str(parts))
    return entries.list.sort().list.join("").fill_null("")


def maps_of(texts: pl.Series) -> pa.Array:
    """What `evidence` has put into each text, as a map."""
    entries = texts.str.extract_all(f"[^{_ENTRY_END}]+")
    counts = entries.list.len().to_numpy().astype(np.int32)
    told = entries.filter(entries.list.len() > 0).explode().str.splitn(_NAME_END, 2).struct
    keys, values = (told.field(name).to_arrow() for name in ("field_0", "field_1"))
    return pa.MapArray.from_arrays(np.concatenate([[0], np.cumsum(counts)]), keys, values)
