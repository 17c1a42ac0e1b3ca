"""CSS paths of elements, such that a browser finds the same element by them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]{0,80}", re.A)
# A longer path says nothing to a reader; pages this deep are made to hurt.
_PARTS = 40


class ElementPaths:
    """The paths of one page's elements; each list of children is counted once."""

    def __init__(self) -> None:
        self._positions: dict[int, dict[int, int]] = {}
        self._paths: dict[int, str] = {}

    def path(self, node: LexborNode) -> str:
        """The path of `node` from the nearest element with an id, else from the body."""
        key = node.mem_id
        if key not in self._paths:
            self._paths[key] = " > ".join(reversed(self._parts(node)))
        return self._paths[key]

    def _parts(self, node: LexborNode) -> list[str]:
        parts: list[str] = []
        current: LexborNode | None = node
        while current is not None and len(parts) < _PARTS:
            tag = current.tag or ""
            if tag in ("html", "body"):
                return [*parts, tag]
            name = current.id
            if name and _IDENTIFIER.fullmatch(name):
                return [*parts, f"{tag}#{name}"]
            parts.append(f"{tag}:nth-of-type({self._position(current)})")
            current = current.parent
        return parts

    def _position(self, node: LexborNode) -> int:
        parent = node.parent
        if parent is None:
            return 1
        key = parent.mem_id
        if key not in self._positions:
            counts: dict[int, int] = {}
            positions = self._positions[key] = {}
            for child in parent.iter():
                tag = child.tag_id
                counts[tag] = positions[child.mem_id] = counts.get(tag, 0) + 1
        return self._positions[key].get(node.mem_id, 1)
