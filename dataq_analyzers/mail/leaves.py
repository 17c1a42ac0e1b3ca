"""The leaves of one mail, each decoded once however many ask."""

from __future__ import annotations

from dataq_analyzers.mail.attachments import is_body
from dataq_analyzers.mail.leaf import Leaf, read_leaf
from dataq_analyzers.mail.mime import Part, Tree


class Leaves:
    """The leaves of a tree; `bodies` are those that a reader is shown as text."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.all = list(tree.root.leaves())
        self.bodies: list[Part] = []
        self.others: list[Part] = []
        for part in self.all:
            (self.bodies if is_body(part) else self.others).append(part)
        self._read: dict[int, Leaf] = {}

    def text(self, part: Part) -> Leaf:
        """The text of a leaf."""
        if part.first not in self._read:
            self._read[part.first] = read_leaf(self.tree.data, part)
        return self._read[part.first]
