"""Reads what a person typed as a tree of words; whatever it is, it means something, never an error.

The grammar is tantivy's (parse_query_lenient): words, "phrases", +must, -not, AND, OR, NOT,
parentheses, title:word, name:word, word^2. What it cannot make sense of counts as plain words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
FIELDS = ("text", "title", "name")
_GRAMMAR_CHARACTERS = 2_000  # the grammar takes quadratic time; more than this is no formula
_NESTED = 50
SIGNED = {"must", "must_not"}
_LOOSE_SIGN = re.compile(r"(?<!\S)[+-]+(?!\S)")  # the dash of a title, which excludes nothing
# Lucene's English list, and the words of questions: in a small lake they are rare enough to count.
_STOP = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then "
    "there these they this to was will with do does did how what when where which who why"
)
_STOP_WORDS = frozenset(_STOP.split())


def parse(typed: str) -> Node:
    """The query as a tree of bool, boost, all and literal nodes, fields only those there are."""
    import tantivy

    if len(typed) > _GRAMMAR_CHARACTERS or typed.count("(") > _NESTED:
        return _plain(typed)
    tree, _ = tantivy.parse_query_lenient(_LOOSE_SIGN.sub(" ", typed))
    return _known(tree)


def _known(node: Node) -> Node:
    kind = node["type"]
    if kind == "bool":
        return {**node, "clauses": [(how, _known(child)) for how, child in node["clauses"]]}
    if kind == "boost":
        return {**node, "underlying": _known(node["underlying"])}
    if kind == "literal":
        if node["field_name"] in {None, *FIELDS}:
            return node
        return _plain(f"{node['field_name']} {node['phrase']}")
    return node if kind == "all" else _plain(" ".join(_strings(node)))


def _plain(text: str) -> Node:
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


def without_stop_words(node: Node) -> Node:
    """The query without the words that are in every text, unless it has no others."""
    if node["type"] != "bool":
        return node
    kept = [(how, child) for how, child in node["clauses"] if how in SIGNED or not _stops(child)]
    others = [child for how, child in kept if how != "must_not"]
    return {**node, "clauses": kept} if others else node


def _stops(node: Node) -> bool:
    return (
        node["type"] == "literal"
        and node["delimiter"] == "none"
        and node["field_name"] is None
        and node["phrase"].lower() in _STOP_WORDS
    )


def lists_all(node: Node) -> bool:
    """Whether the query is or has the * that stands for everything."""
    return node["type"] == "all" or any(lists_all(child) for _, child in node.get("clauses", ()))


def lists_only(node: Node) -> bool:
    """Whether it is the * with nothing beside it but what is excluded."""
    if node["type"] == "all":
        return True
    clauses = node["clauses"] if node["type"] == "bool" else []
    wanted = [child for how, child in clauses if how != "must_not"]
    return bool(wanted) and all(child["type"] == "all" for child in wanted)


def excluding(node: Node) -> Node:
    """Everything but what `node` excludes."""
    clauses = node["clauses"] if node["type"] == "bool" else []
    unwanted = [(how, child) for how, child in clauses if how == "must_not"]
    return {"type": "bool", "clauses": [("must", {"type": "all"}), *unwanted]}


def literals(node: Node) -> Iterator[str]:
    """What is looked for, without what is excluded."""
    if node["type"] == "literal":
        yield node["phrase"]
    elif node["type"] == "boost":
        yield from literals(node["underlying"])
    for how, child in node.get("clauses", ()):
        if how != "must_not":
            yield from literals(child)
