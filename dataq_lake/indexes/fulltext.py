"""The text index: tantivy, each snapshot's a hard-linked clone of the last one plus what changed.

One index, not one a part: BM25 weighs words by how rare they are in everything. It keeps
the id of what it finds and no more, since merging maps all that it keeps; shown.py has the texts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tantivy

from dataq_lake.errors import REPAIR, IndexDamaged
from dataq_lake.indexes.folder import link
from dataq_lake.indexes.words import ENGLISH, analyzer, stemmer_of

ANALYZER = "dataq"
HEAP_BYTES = 48_000_000
"""What makes one segment of the index; eight at a time are merged, and mapped meanwhile."""
_REWRITTEN = {"meta.json", ".managed.json"}
_TRIES = 100
_LOCKS = {".tantivy-writer.lock", ".tantivy-meta.lock"}
FILTERED = ("source", "path", "mime_type")
READ = ("title", "text", "name")
LANGUAGE = "language"


def open_text(folder: Path) -> tantivy.Index:
    """The text index in `folder`."""
    try:
        with _lockable(folder) as place:
            index = tantivy.Index.open(str(place))
    except ValueError as error:
        snapshot = folder.parent.name
        raise IndexDamaged(f"the text of snapshot {snapshot} cannot be read: {REPAIR}") from error
    index.register_tokenizer(ANALYZER, analyzer())
    return index


@contextmanager
def _lockable(folder: Path) -> Iterator[Path]:
    """`folder`, or links to its files where it is read-only: tantivy locks also what it reads.

    An index that was opened holds its files, so the links go at once: whoever is killed later
    leaves none. Its thread that looks for news may just then put a lock beside them.
    """
    if os.access(folder, os.W_OK):
        yield folder
        return
    links = Path(tempfile.mkdtemp(prefix="dataq-text-"))
    try:
        for file in folder.iterdir():
            if file.name not in _LOCKS:
                (links / file.name).symlink_to(file.absolute())
        yield links
    finally:
        for _ in range(_TRIES):
            shutil.rmtree(links, ignore_errors=True)
            if not links.exists():
                break


class TextWriter:
    """Adds to and takes from a text index in `folder`, which starts as a clone of `parent`."""

    def __init__(self, folder: Path, parent: Path | None) -> None:
        folder.mkdir()
        self._folder = folder
        if parent is None:
            index = tantivy.Index(_schema(), str(folder))
            index.register_tokenizer(ANALYZER, analyzer())
        else:
            _clone(parent, folder)
            index = open_text(folder)
        self._index = index
        self._writer = index.writer(HEAP_BYTES, 1)

    def add(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Adds documents with the fields of `_schema`; indexing goes on in a thread of its own."""
        schema = self._index.schema
        for document in documents:
            self._writer.add_document(_document(document, schema))

    def remove(self, ids: Iterable[str]) -> None:
        """Takes away the documents of these segment ids; those added later stay."""
        for id_ in ids:
            self._writer.delete_documents_by_term("id", id_)

    def finish(self) -> int:
        """Commits, and returns how many documents there are."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        for name in _LOCKS:
            (self._folder / name).unlink(missing_ok=True)
        self._index.reload()
        return self._index.searcher().num_docs


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("id", LANGUAGE, *FILTERED):
        builder.add_text_field(
            name, stored=name == "id", tokenizer_name="raw", index_option="basic"
        )
    builder.add_integer_field("timestamp", fast=True, indexed=False)
    for name in READ:
        builder.add_text_field(name, tokenizer_name=ANALYZER)
    return builder.build()


def _document(fields: Mapping[str, Any], schema: tantivy.Schema) -> tantivy.Document:
    """The document of these fields, its words in the stems of its language.

    The fields' own tokenizer is that of English; whatever else has its words made here.
    """
    stemmer = stemmer_of(fields.get(LANGUAGE))
    if stemmer == ENGLISH:
        return tantivy.Document.from_dict(dict(fields), schema)
    plain = {name: value for name, value in fields.items() if name not in READ}
    document = tantivy.Document.from_dict(plain, schema)
    for name in READ:
        document.add_pre_tokenized_text(name, analyzer(stemmer).pre_tokenize(fields[name]))
    return document


def _clone(parent: Path, folder: Path) -> None:
    """Links what tantivy never changes and copies what it rewrites."""
    for file in parent.iterdir():
        if file.name in _REWRITTEN:
            shutil.copyfile(file, folder / file.name)
        elif file.name not in _LOCKS:
            link(file, folder / file.name)
