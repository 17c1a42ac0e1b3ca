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
_OPERATORS = {"must": "Must", "must_not": "MustNot", "should": "Should", None: "Should"}


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
            text=None if only_excludes else self._build(self._respelled(telling, near)),
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
            if operator in {"must", "must_not"} and (query := self._build(child)):
                yield getattr(self._occur, _OPERATORS[operator]), query

    def _build(self, node: Node) -> tantivy.Query | None:
        kind = node["type"]
        if kind == "literal":
            return self._literal(node)
        if kind == "stem":
            return self._anywhere(_fields(node), Word(node["term"]))
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
        words = self._words.words(node["phrase"])[:_TERMS]
        fields = _fields(node)
        if not words:
            return None
        if node["delimiter"] == "none" or len(words) == 1:
            each = [self._anywhere(fields, word) for word in dict.fromkeys(words)]
        else:
            each = [self._phrase(fields, node["phrase"], node["slop"])]
        return each[0] if len(each) == 1 else self._any(each)

    def _anywhere(self, fields: tuple[str, ...], word: Word) -> tantivy.Query:
        """A word in any of `fields`."""
        return self._any(
            [
                self._query.boost_query(query, BOOSTS[name] * share)
                for name in fields
                for query, share in self._words.query(word, name)
            ]
        )

    def _phrase(self, fields: tuple[str, ...], text: str, slop: int) -> tantivy.Query:
        """The words in this order, in any of `fields`."""
        each = []
        for stems, languages in self._words.phrases(text):
            words: list[str | tuple[int, str]] = list(stems.split(" ")[:_TERMS])
            for name in fields:
                query = self._query.phrase_query(self._schema, name, words, slop)
                query = self._words.within(query, languages)
                each.append(self._query.boost_query(query, BOOSTS[name]))
        return self._any(each)

    def _any(self, queries: list[tantivy.Query]) -> tantivy.Query:
        return self._query.boolean_query([(self._occur.Should, query) for query in queries])


def _fields(node: Node) -> tuple[str, ...]:
    """Where the words of a literal are looked for."""
    return (node["field_name"],) if node["field_name"] else tuple(BOOSTS)


def _stem(node: Node, term: str) -> Node:
    return {"type": "stem", "term": term, "field_name": node["field_name"]}
