"""Turns what a person typed into queries; whatever it is, it means something and never fails.

The grammar is tantivy's (parse_query_lenient): words, "phrases", +must, -not, AND, OR, NOT,
parentheses, title:word, name:word, word^2. What it cannot make sense of counts as plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tantivy

# The name of a file should find it, but seldom says what a passage is about.
BOOSTS = {"text": 1.0, "title": 1.0, "name": 0.25}
_GRAMMAR_CHARACTERS = 2_000  # the grammar takes quadratic time; more than this is no formula
_NESTED = 50
_TERMS = 512
_LOOSE_SIGN = re.compile(r"(?<!\S)[+-]+(?!\S)")  # the dash of a title, which excludes nothing
_OPERATORS = {"must": "Must", "must_not": "MustNot", "should": "Should", None: "Should"}


@dataclass(frozen=True)
class Question:
    """A query as each retriever takes it.

    `text` is None where nothing can match. `demands` are the + and - parts, to hold for every hit.
    `words` is what is embedded. `terms` are the stems whose places in a hit are worth showing.
    """

    text: tantivy.Query | None
    demands: tuple[tuple[tantivy.Occur, tantivy.Query], ...]
    words: str
    terms: frozenset[str]


class QueryBuilder:
    """Builds queries against one schema, with the analyzer that its texts went through."""

    def __init__(self, schema: tantivy.Schema, analyzer: tantivy.TextAnalyzer) -> None:
        import tantivy

        self._schema = schema
        self._analyzer = analyzer
        self._query = tantivy.Query
        self._occur = tantivy.Occur

    def question(self, typed: str) -> Question:
        """The question that `typed` asks."""
        typed = typed.encode("utf-8", "replace").decode()  # lone surrogates are in no text
        node = _parse(typed)
        wanted = list(_literals(node))
        only_excludes = not wanted and not _lists_all(node)
        return Question(
            text=None if only_excludes else self._build(node),
            demands=tuple(self._demands(node)),
            words=" ".join(wanted),
            terms=frozenset(term for words in wanted for term in self._terms(words)),
        )

    def _demands(self, node: dict[str, Any]) -> Iterator[tuple[tantivy.Occur, tantivy.Query]]:
        if node["type"] != "bool":
            return
        for operator, child in node["clauses"]:
            if operator in {"must", "must_not"} and (query := self._build(child)):
                yield getattr(self._occur, _OPERATORS[operator]), query

    def _build(self, node: dict[str, Any]) -> tantivy.Query | None:
        kind = node["type"]
        if kind == "literal":
            return self._literal(node)
        if kind == "boost":
            inner = self._build(node["underlying"])
            return inner and self._query.boost_query(inner, node["boost"])
        if kind == "all":
            return self._query.all_query()
        return self._boolean(node)

    def _boolean(self, node: dict[str, Any]) -> tantivy.Query | None:
        built = [(operator, self._build(child)) for operator, child in node["clauses"]]
        clauses = [
            (getattr(self._occur, _OPERATORS[operator]), query)
            for operator, query in built
            if query
        ]
        if clauses and all(operator == "must_not" for operator, query in built if query):
            everything = self._query.const_score_query(self._query.all_query(), 0.0)
            clauses.append((self._occur.Must, everything))
        return self._query.boolean_query(clauses) if clauses else None

    def _literal(self, node: dict[str, Any]) -> tantivy.Query | None:
        terms = self._terms(node["phrase"])[:_TERMS]
        fields = [node["field_name"]] if node["field_name"] else list(BOOSTS)
        if not terms:
            return None
        if node["delimiter"] == "none" or len(terms) == 1:
            each = [self._anywhere(fields, [term]) for term in dict.fromkeys(terms)]
        else:
            each = [self._anywhere(fields, terms, node["slop"])]
        if len(each) == 1:
            return each[0]
        return self._query.boolean_query([(self._occur.Should, query) for query in each])

    def _anywhere(self, fields: list[str], terms: list[str], slop: int = 0) -> tantivy.Query:
        """The terms, a phrase if several, in any of `fields`."""
        each = []
        for field in fields:
            if len(terms) == 1:
                query = self._query.term_query(self._schema, field, terms[0], "freq")
            else:
                words: list[str | tuple[int, str]] = list(terms)
                query = self._query.phrase_query(self._schema, field, words, slop)
            each.append(self._query.boost_query(query, BOOSTS[field]))
        return self._query.boolean_query([(self._occur.Should, query) for query in each])

    def _terms(self, text: str) -> list[str]:
        return self._analyzer.analyze(text)


def _parse(typed: str) -> dict[str, Any]:
    """The query as a tree of bool, boost, all and literal nodes, fields only those there are."""
    import tantivy

    if len(typed) > _GRAMMAR_CHARACTERS or typed.count("(") > _NESTED:
        return _plain(typed)
    tree, _ = tantivy.parse_query_lenient(_LOOSE_SIGN.sub(" ", typed))
    return _known(tree)


def _known(node: dict[str, Any]) -> dict[str, Any]:
    kind = node["type"]
    if kind == "bool":
        return {**node, "clauses": [(how, _known(child)) for how, child in node["clauses"]]}
    if kind == "boost":
        return {**node, "underlying": _known(node["underlying"])}
    if kind == "literal":
        if node["field_name"] in {None, *BOOSTS}:
            return node
        return _plain(f"{node['field_name']} {node['phrase']}")
    return node if kind == "all" else _plain(" ".join(_strings(node)))


def _plain(text: str) -> dict[str, Any]:
    return {"type": "literal", "field_name": None, "phrase": text, "delimiter": "none", "slop": 0}


def _strings(value: object) -> Iterator[str]:
    """The words inside a range, a set or an expression, which are no syntax here."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "type":
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _lists_all(node: dict[str, Any]) -> bool:
    """Whether the query is or has the * that stands for everything."""
    return node["type"] == "all" or any(_lists_all(child) for _, child in node.get("clauses", ()))


def _literals(node: dict[str, Any]) -> Iterator[str]:
    """What is looked for, without what is excluded."""
    if node["type"] == "literal":
        yield node["phrase"]
    elif node["type"] == "boost":
        yield from _literals(node["underlying"])
    for how, child in node.get("clauses", ()):
        if how != "must_not":
            yield from _literals(child)
