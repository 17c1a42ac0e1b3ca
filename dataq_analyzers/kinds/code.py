"""Source code: functions, classes and what stands between them, by tree-sitter's grammars."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from dataq_analyzers.decode import Locator, decode
from dataq_analyzers.errors import ToolMissing
from dataq_analyzers.interface import Analysis, Content, Unit
from dataq_analyzers.segments import ENOUGH, LIMIT, TARGET, Block, cut, pack, paragraphs
from dataq_analyzers.tools import version_of

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

# Media type: the grammar's module and the function in it.
_GRAMMARS = {
    "text/javascript": ("tree_sitter_javascript", "language"),
    "text/x-c": ("tree_sitter_c", "language"),
    "text/x-c++": ("tree_sitter_cpp", "language"),
    "text/x-go": ("tree_sitter_go", "language"),
    "text/x-java": ("tree_sitter_java", "language"),
    "text/x-python": ("tree_sitter_python", "language"),
    "text/x-ruby": ("tree_sitter_ruby", "language"),
    "text/x-rust": ("tree_sitter_rust", "language"),
    "text/x-shellscript": ("tree_sitter_bash", "language"),
    "text/x-tsx": ("tree_sitter_typescript", "language_tsx"),
    "text/x-typescript": ("tree_sitter_typescript", "language_typescript"),
}
# What part of a node's type says what it is; the first that fits counts.
_KINDS = (
    ("import", "import"),
    ("use_declaration", "import"),
    ("include", "import"),
    ("package", "import"),
    ("function", "function"),
    ("method", "function"),
    ("constructor", "function"),
    ("class", "class"),
    ("struct", "class"),
    ("interface", "class"),
    ("enum", "class"),
    ("trait", "class"),
    ("impl", "class"),
    ("module", "class"),
    ("namespace", "class"),
    ("comment", "comment"),
)
_DEFINITIONS = ("function", "class")
_WRAPPERS = ("decorated_definition", "export_statement", "template_declaration")
_DEEPEST = 8
# tree-sitter reports every hundred operations: 5 to 22 times a kilobyte of sound source, without
# end on a megabyte of mistakes. Steps, not seconds: the same bytes give the same result.
_STEPS = 5_000
_BYTES_A_STEP = 30
_CHUNK = 64 * 1024
_TOO_HARD = "too many mistakes to parse: read as plain text"


class _Piece(NamedTuple):
    """Bytes [start, end) of the source, what they are, and the dotted name of it."""

    start: int
    end: int
    kind: str
    name: str


class CodeAnalyzer:
    """A definition that fits is a unit of its own, with the comment before it."""

    name = "code"
    version = "1"
    media_types = tuple(_GRAMMARS)

    def tools(self) -> dict[str, str]:
        modules = sorted({module for module, _ in _GRAMMARS.values()})
        names = ["tree-sitter", *(module.replace("_", "-") for module in modules)]
        return {name: version_of(name) for name in names}

    def analyze(self, content: Content) -> Analysis:
        decoded = decode(content.data)
        text = decoded.text
        source = text.encode("utf-8", "replace")
        tree = _parse(_parser(content.media_type), source)
        if tree is None:
            units = Locator(decoded).units(pack(text, paragraphs(text)))
            return Analysis(text, units, content.name or None, "zxx", warnings=(_TOO_HARD,))
        spans = _Characters(source, len(text))
        locator = Locator(decoded)
        found = []
        for piece in _packed(_pieces(tree.root_node, "", 0)):
            block = Block(spans.at(piece.start), spans.at(piece.end), piece.kind)
            for start, end, kind, _ in cut(text, block):
                begin = locator.place(start)._replace(element=piece.name or None)
                finish = locator.place(end)._replace(element=piece.name or None)
                found.append(Unit(kind, start, end, begin, finish))
        # "No linguistic content" (ISO 639-2): the language of its comments is not that of it.
        return Analysis(text, tuple(found), content.name or None, "zxx")


class _Characters:
    """Characters of a text by its bytes as UTF-8, asked for in ascending order."""

    def __init__(self, source: bytes, length: int) -> None:
        self._source = source
        self._same = len(source) == length
        self._byte = self._char = 0

    def at(self, byte: int) -> int:
        if self._same:
            return byte
        self._char += len(self._source[self._byte : byte].decode("utf-8", "replace"))
        self._byte = byte
        return self._char


@cache
def _parser(media_type: str) -> Parser:
    from tree_sitter import Language, Parser

    module, function = _GRAMMARS[media_type]
    try:
        grammar = getattr(import_module(module), function)()
    except ImportError as error:
        raise ToolMissing(f"install {module.replace('_', '-')} to read {media_type}") from error
    return Parser(Language(grammar))


def _parse(parser: Parser, source: bytes) -> Tree | None:
    """The tree of a source, None where mistakes take more steps than its length explains."""
    left = _STEPS + len(source) // _BYTES_A_STEP

    def read(offset: int, _: object) -> bytes:
        return source[offset : offset + _CHUNK]

    def enough(*_: object) -> bool:
        nonlocal left
        left -= 1
        return left < 0

    try:
        return parser.parse(read, progress_callback=enough)
    except ValueError:  # what the library makes of a parse that was stopped
        parser.reset()
        return None


def _pieces(node: Node, prefix: str, depth: int) -> Iterator[_Piece]:
    """The children of a node in order; a definition too long for a unit is opened."""
    for child in node.children:
        inner = _definition(child)
        kind = _kind(inner.type)
        own = _name(inner)
        name = f"{prefix}.{own}" if prefix and own else own or prefix
        if child.end_byte - child.start_byte <= LIMIT or depth >= _DEEPEST or not child.children:
            yield _Piece(child.start_byte, child.end_byte, kind, name)
        else:
            yield from _pieces(child, name, depth + 1)


def _definition(node: Node) -> Node:
    """What a decorator, an export or a template is put before."""
    if node.type in _WRAPPERS:
        for child in reversed(node.named_children):
            if _kind(child.type) in _DEFINITIONS:
                return child
    return node


def _kind(node_type: str) -> str:
    return next((kind for part, kind in _KINDS if part in node_type), "code")


def _name(node: Node) -> str:
    """The name of a definition; C hides it inside declarators."""
    named = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    for _ in range(6):
        inner = named.child_by_field_name("declarator") if named else None
        if inner is None:
            break
        named = inner
    if named is None or _kind(node.type) not in _DEFINITIONS or named.text is None:
        return ""
    return named.text[:200].decode("utf-8", "replace")


def _packed(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Small neighbours together; a definition begins a unit once there is enough before it."""
    held: _Piece | None = None
    for piece in pieces:
        if held is None:
            held = piece
            continue
        definition = piece.kind in _DEFINITIONS and held.kind != "comment"
        enough = definition and held.end - held.start >= ENOUGH
        if piece.end - held.start > TARGET or enough:
            yield held
            held = piece
        else:
            held = _joined(held, piece)
    if held is not None:
        yield held


def _joined(held: _Piece, piece: _Piece) -> _Piece:
    """One piece, called what its first definition is called."""
    leading = held if held.kind in _DEFINITIONS or piece.kind not in _DEFINITIONS else piece
    return _Piece(held.start, piece.end, leading.kind, leading.name)


ANALYZER = CodeAnalyzer()
