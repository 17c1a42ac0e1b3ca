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
from dataq_lake.search.words import Word

if TYPE_CHECKING:
    import tantivy

    from dataq_lake.search.words import Words

# The name of a file should find it, but seldom says what a passage is about.
BOOSTS = {"text": 1.0, "title": 1.0, "name": 0.25}
_TERMS = 512
_EDIT = 0.5  # what an edit leaves of a word's weight: what stands as it was typed comes first
_OPERATORS = {"must": "Must", "must_not": "MustNot"}


@dataclass(frozen=True)
class Question:
    """A query as each retriever takes it.

    `text` is None where nothing can match. `demands` are the + and - parts, to hold for every hit.
    `words` is what is embedded. `terms` are the words whose places in a hit are worth showing.
    `everything` says that hits are listed, not ranked. `near` has, by its stem, each word of the
    index that an unknown one was taken for.
    """

    text: tantivy.Query | None
    demands: tuple[tuple[tantivy.Occur, tantivy.Query], ...]
    words: str
    terms: frozenset[Word]
    everything: bool = False
    near: dict[str, Near] = field(default_factory=dict)

    def stems(self, language: str | None) -> set[str]:
        """What `terms` and `near` are in texts of a language."""
        return {stem for word in self.terms for stem in word.stems(language)} | self.near.keys()


class QueryBuilder:
    """Builds queries against one schema, of the words that its texts have."""

    def __init__(
        self,
        schema: tantivy.Schema,
        words: Words,
        spelling: Spelling | None = None,
    ) -> None:
        import tantivy

        self._schema = schema
        self._words = words
        self._spelling = spelling
        self._query = tantivy.Query
        self._occur = tantivy.Occur

    def question(self, typed: str, listing: bool = False) -> Question:
        """The question that `typed` asks; with `listing`, no words stand for everything."""
        typed = typed.encode("utf-8", "replace").decode()  # lone surrogates are in no text
        node = parse(typed)
        if listing and not any(self._words.words(each) for each in literals(node)):
            node = excluding(node)
        telling = without_stop_words(node)
        words = list(literals(telling))
        only_excludes = not words and not lists_all(node)
        near: dict[str, Near] = {}
        return Question(
            text=None if only_excludes else self._built(self._respelled(telling, near)),
            demands=tuple(self._demands(telling)),
            words=" ".join(literals(node)),
            terms=frozenset(word for each in words for word in self._words.words(each)),
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
        tokens = self._words.of().pre_tokenize(phrase).tokens[:_TERMS]
        meant = {
            found.term: replace(found, typed=phrase[token.char_offset_from : token.char_offset_to])
            for token, word in zip(tokens, self._words.words(phrase), strict=False)
            for found in self._spelling.near(word, fields)
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
            if operator in SIGNED and (query := self._built(child)):
                yield getattr(self._occur, _OPERATORS[operator]), query

    def _built(self, node: Node) -> tantivy.Query | None:
        parts = self._parts(node)
        return self._any(parts) if parts else None

    def _parts(self, node: Node) -> list[tantivy.Query]:
        """The queries any of which a text has to meet; the more it meets, the higher its score.

        One list for all the words of a query: nested in one for each it would take half again as
        long.
        """
        kind = node["type"]
        if kind == "literal":
            return self._literal(node)
        if kind == "stem":
            return self._anywhere(_fields(node), Word(node["term"]))
        if kind == "boost":
            inner = self._parts(node["underlying"])
            return [self._query.boost_query(each, node["boost"]) for each in inner]
        if kind == "all":
            return [self._query.all_query()]
        return self._boolean(node)

    def _boolean(self, node: Node) -> list[tantivy.Query]:
        optional: list[tantivy.Query] = []
        signed: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for operator, child in node["clauses"]:
            if operator not in SIGNED:
                optional += self._parts(child)
            elif query := self._built(child):
                signed.append((getattr(self._occur, _OPERATORS[operator]), query))
        if not signed:
            return optional
        clauses = [*signed, *((self._occur.Should, each) for each in optional)]
        if all(occur == self._occur.MustNot for occur, _ in clauses):
            everything = self._query.const_score_query(self._query.all_query(), 0.0)
            clauses.append((self._occur.Must, everything))
        return [self._query.boolean_query(clauses)]

    def _literal(self, node: Node) -> list[tantivy.Query]:
        words = self._words.words(node["phrase"])[:_TERMS]
        fields = _fields(node)
        if node["delimiter"] == "none" or len(words) == 1:
            return [
                query for word in dict.fromkeys(words) for query in self._anywhere(fields, word)
            ]
        return self._phrase(fields, node["phrase"], node["slop"]) if words else []

    def _anywhere(self, fields: tuple[str, ...], word: Word) -> list[tantivy.Query]:
        """A word in any of `fields`."""
        return [
            self._query.boost_query(query, BOOSTS[name] * share)
            for name in fields
            for query, share in self._words.query(word, name)
        ]

    def _phrase(self, fields: tuple[str, ...], text: str, slop: int) -> list[tantivy.Query]:
        """The words in this order, in any of `fields`."""
        each = []
        for stems, languages in self._words.phrases(text):
            words: list[str | tuple[int, str]] = list(stems.split(" ")[:_TERMS])
            for name in fields:
                query = self._query.phrase_query(self._schema, name, words, slop)
                query = self._words.within(query, languages)
                each.append(self._query.boost_query(query, BOOSTS[name]))
        return each

    def _any(self, queries: list[tantivy.Query]) -> tantivy.Query:
        return self._query.boolean_query([(self._occur.Should, query) for query in queries])


def _fields(node: Node) -> tuple[str, ...]:
    """Where the words of a literal are looked for."""
    return (node["field_name"],) if node["field_name"] else tuple(BOOSTS)


def _stem(node: Node, term: str) -> Node:
    return {"type": "stem", "term": term, "field_name": node["field_name"]}
