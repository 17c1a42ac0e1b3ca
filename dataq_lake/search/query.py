"""Makes of what a person typed a query for each retriever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dataq_lake.search.grammar import (
    SIGNED,
    Node,
    excluding,
    lists_all,
    lists_only,
    literals,
    parse,
    without_stop_words,
)
from dataq_lake.search.spelling import Near, Spelling

if TYPE_CHECKING:
    import tantivy

# The name of a file should find it, but seldom says what a passage is about.
BOOSTS = {"text": 1.0, "title": 1.0, "name": 0.25}
_TERMS = 512
_EDIT = 0.5  # what an edit leaves of a word's weight: what stands as it was typed comes first
_OPERATORS = {"must": "Must", "must_not": "MustNot", "should": "Should", None: "Should"}


@dataclass(frozen=True)
class Question:
    """A query as each retriever takes it.

    `text` is None where nothing can match. `demands` are the + and - parts, to hold for every hit.
    `words` is what is embedded. `terms` are the stems whose places in a hit are worth showing.
    `everything` says that hits are listed, not ranked. `near` has, by its stem, each word of the
    index that an unknown one was taken for.
    """

    text: tantivy.Query | None
    demands: tuple[tuple[tantivy.Occur, tantivy.Query], ...]
    words: str
    terms: frozenset[str]
    everything: bool = False
    near: dict[str, Near] = field(default_factory=dict)


class QueryBuilder:
    """Builds queries against one schema, with the analyzer that its texts went through."""

    def __init__(
        self,
        schema: tantivy.Schema,
        analyzer: tantivy.TextAnalyzer,
        spelling: Spelling | None = None,
    ) -> None:
        import tantivy

        self._schema = schema
        self._analyzer = analyzer
        self._spelling = spelling
        self._query = tantivy.Query
        self._occur = tantivy.Occur

    def question(self, typed: str, listing: bool = False) -> Question:
        """The question that `typed` asks; with `listing`, no words stand for everything."""
        typed = typed.encode("utf-8", "replace").decode()  # lone surrogates are in no text
        node = parse(typed)
        if listing and not any(self._terms(word) for word in literals(node)):
            node = excluding(node)
        telling = without_stop_words(node)
        words = list(literals(telling))
        only_excludes = not words and not lists_all(node)
        near: dict[str, Near] = {}
        return Question(
            text=None if only_excludes else self._build(self._respelled(telling, near)),
            demands=tuple(self._demands(telling)),
            words=" ".join(literals(node)),
            terms=frozenset(term for word in words for term in self._terms(word)) | near.keys(),
            everything=lists_only(telling),
            near=near,
        )

    def _respelled(self, node: Node, near: dict[str, Near]) -> Node:
        """The query with words of the index for unknown ones, which are put into `near`.

        What is demanded, excluded or in quotation marks is meant as it stands.
        """
        if node["type"] == "bool":
            clauses = [
                (how, child if how in SIGNED else self._respelled(child, near))
                for how, child in node["clauses"]
            ]
            return {**node, "clauses": clauses}
        if node["type"] == "boost":
            return {**node, "underlying": self._respelled(node["underlying"], near)}
        if self._spelling is None or node["type"] != "literal" or node["delimiter"] != "none":
            return node
        fields, phrase = _fields(node), node["phrase"]
        meant = {
            found.term: replace(found, typed=phrase[word.char_offset_from : word.char_offset_to])
            for word in self._analyzer.pre_tokenize(phrase).tokens[:_TERMS]
            for found in self._spelling.near(word.text, fields)
        }
        near.update(meant)
        others = [
            {"type": "boost", "boost": _EDIT**found.distance, "underlying": _stem(node, term)}
            for term, found in meant.items()
        ]
        clauses = [(None, each) for each in (node, *others)]
        return {"type": "bool", "clauses": clauses} if others else node

    def _demands(self, node: Node) -> Iterator[tuple[tantivy.Occur, tantivy.Query]]:
        if node["type"] != "bool":
            return
        for operator, child in node["clauses"]:
            if operator in {"must", "must_not"} and (query := self._build(child)):
                yield getattr(self._occur, _OPERATORS[operator]), query

    def _build(self, node: Node) -> tantivy.Query | None:
        kind = node["type"]
        if kind == "literal":
            return self._literal(node)
        if kind == "stem":
            return self._anywhere(_fields(node), [node["term"]])
        if kind == "boost":
            inner = self._build(node["underlying"])
            return inner and self._query.boost_query(inner, node["boost"])
        if kind == "all":
            return self._query.all_query()
        return self._boolean(node)

    def _boolean(self, node: Node) -> tantivy.Query | None:
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

    def _literal(self, node: Node) -> tantivy.Query | None:
        terms = self._terms(node["phrase"])[:_TERMS]
        fields = _fields(node)
        if not terms:
            return None
        if node["delimiter"] == "none" or len(terms) == 1:
            each = [self._anywhere(fields, [term]) for term in dict.fromkeys(terms)]
        else:
            each = [self._anywhere(fields, terms, node["slop"])]
        if len(each) == 1:
            return each[0]
        return self._query.boolean_query([(self._occur.Should, query) for query in each])

    def _anywhere(self, fields: tuple[str, ...], terms: list[str], slop: int = 0) -> tantivy.Query:
        """The terms, a phrase if several, in any of `fields`."""
        each = []
        for name in fields:
            if len(terms) == 1:
                query = self._query.term_query(self._schema, name, terms[0], "freq")
            else:
                words: list[str | tuple[int, str]] = list(terms)
                query = self._query.phrase_query(self._schema, name, words, slop)
            each.append(self._query.boost_query(query, BOOSTS[name]))
        return self._query.boolean_query([(self._occur.Should, query) for query in each])

    def _terms(self, text: str) -> list[str]:
        return self._analyzer.analyze(text)


def _fields(node: Node) -> tuple[str, ...]:
    """Where the words of a literal are looked for."""
    return (node["field_name"],) if node["field_name"] else tuple(BOOSTS)


def _stem(node: Node, term: str) -> Node:
    return {"type": "stem", "term": term, "field_name": node["field_name"]}
