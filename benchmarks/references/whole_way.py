"""A plain script, one process, the same libraries: files to searchable: TREE OUT."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import semchunk
import tantivy
import wordllama
from selectolax.lexbor import LexborHTMLParser

CHARACTERS = 900
BATCH = 512


@dataclass
class Document:
    """A file with its text and where that was cut."""

    path: str
    sha256: str
    payload: bytes
    title: str
    text: str
    cuts: list[tuple[int, int]] = field(default_factory=list)


def main(tree: str, out: str) -> None:
    """Print documents, segments and seconds as JSON."""
    begun = time.perf_counter()
    folder = Path(out)
    folder.mkdir(parents=True)
    documents = list(_read(Path(tree)))
    _split(documents)
    texts = [document.text[start:end] for document in documents for start, end in document.cuts]
    vectors = _embed(texts)
    _write(folder, documents, texts, vectors)
    _index(folder, documents, texts, vectors)
    seconds = time.perf_counter() - begun
    print(json.dumps({"documents": len(documents), "segments": len(texts), "seconds": seconds}))


def _read(tree: Path) -> Iterator[Document]:
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            title, text = (_html if path.suffix == ".html" else _mail)(data)
            digest = hashlib.sha256(data).hexdigest()
            yield Document(str(path.relative_to(tree)), digest, data, title, text)


def _mail(data: bytes) -> tuple[str, str]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    try:
        subject = str(message["subject"] or "")
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body else ""
        if body and body.get_content_type() == "text/html":
            text = _html(text.encode())[1]
    except (LookupError, ValueError, AttributeError, KeyError, TypeError, IndexError):
        # The mails are old and the parser is strict: as they are, then.
        subject, text = "", data.decode("latin-1")
    return subject, f"{subject}\n\n{text}"


def _html(data: bytes) -> tuple[str, str]:
    page = LexborHTMLParser(data)
    page.strip_tags(["script", "style", "template", "noscript"])
    title = page.css_first("title")
    text = page.body.text(separator="\n", strip=True) if page.body else ""
    return title.text() if title else "", text


def _split(documents: list[Document]) -> None:
    chunker: Callable[..., Any] = semchunk.chunkerify(len, CHARACTERS)
    for document in documents:
        if document.text.strip():
            document.cuts = chunker(document.text, offsets=True)[1]


def _embed(texts: list[str]) -> np.ndarray[Any, Any]:
    model = wordllama.WordLlama.load(
        cache_dir=Path(wordllama.__file__).parent, disable_download=True
    )
    parts = [model.embed(texts[at : at + BATCH], norm=True) for at in range(0, len(texts), BATCH)]
    return np.concatenate(parts).astype(np.float32)


def _write(
    folder: Path, documents: list[Document], texts: list[str], vectors: np.ndarray[Any, Any]
) -> None:
    columns = ("path", "sha256", "payload", "title", "text")
    rows = {name: [getattr(document, name) for document in documents] for name in columns}
    pq.write_table(pa.table(rows), folder / "documents.parquet", compression="zstd")
    cuts = [(document.path, *cut) for document in documents for cut in document.cuts]
    segments = {
        "path": [path for path, _, _ in cuts],
        "start": [start for _, start, _ in cuts],
        "end": [end for _, _, end in cuts],
        "text": texts,
        "vector": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
    }
    pq.write_table(pa.table(segments), folder / "segments.parquet", compression="zstd")


def _index(
    folder: Path, documents: list[Document], texts: list[str], vectors: np.ndarray[Any, Any]
) -> None:
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    faiss.write_index(flat, str(folder / "vectors.faiss"))
    builder = tantivy.SchemaBuilder()
    for name in ("path", "title", "text"):
        builder.add_text_field(name, stored=True)
    (folder / "text").mkdir()
    index = tantivy.Index(builder.build(), path=str(folder / "text"))
    writer = index.writer()
    owners = [document for document in documents for _ in document.cuts]
    for document, text in zip(owners, texts, strict=True):
        writer.add_document(tantivy.Document(path=document.path, title=document.title, text=text))
    writer.commit()
    writer.wait_merging_threads()


if __name__ == "__main__":
    main(*sys.argv[1:])
