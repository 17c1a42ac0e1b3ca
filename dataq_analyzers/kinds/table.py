"""CSV and TSV: neighbouring rows together, each unit with its row numbers (RFC 7111)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from dataq_analyzers.decode import Locator, decode
from dataq_analyzers.interface import Analysis, Content, Unit
from dataq_analyzers.segments import TARGET, Block, cut

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


class TableAnalyzer:
    """Rows as they stand; a quoted cell may span lines."""

    name = "table"
    version = "1"
    media_types = ("text/csv", "text/tab-separated-values")

    def tools(self) -> dict[str, str]:
        return {}

    def analyze(self, content: Content) -> Analysis:
        decoded = decode(content.data)
        text = decoded.text
        locator = Locator(decoded)
        units = []
        for first, last, rows in _packed(_rows(text, delimiter_of(text, content.media_type))):
            for start, end, *_ in cut(text, rows):
                begin = locator.place(start)._replace(element=f"row={first}")
                finish = locator.place(end)._replace(element=f"row={last}")
                units.append(Unit("rows", start, end, begin, finish))
        return Analysis(text, tuple(units))


def delimiter_of(text: str, media_type: str) -> str:
    """The delimiter: a tab in TSV, else what the first line has most of."""
    if media_type == "text/tab-separated-values":
        return "\t"
    line = text[:4096].lstrip().partition("\n")[0]
    return max(",;\t|", key=line.count)


def _rows(text: str, delimiter: str) -> Iterator[Block]:
    """The span of each record: its lines, without the last line break."""
    lines = list(_LINE.finditer(text))
    reader = csv.reader((line.group() for line in lines), delimiter=delimiter)
    taken = 0
    while taken < len(lines):
        try:
            next(reader)
            used = max(reader.line_num, taken + 1)
        except StopIteration:
            used = len(lines)
        except csv.Error:
            # Too long a cell for the reader, or a stray quote: the line is a row then.
            used = max(reader.line_num, taken + 1)
        start, end = lines[taken].start(), lines[used - 1].end()
        taken = used
        row = text[start:end]
        if stripped := row.strip():
            first = start + row.index(stripped[0])
            yield Block(first, first + len(stripped), "rows")


def _packed(rows: Iterator[Block]) -> Iterator[tuple[int, int, Block]]:
    """The numbers of the first and the last row of each unit, from 1, and its span."""
    first = 1
    held: Block | None = None
    number = 0
    for number, row in enumerate(rows, 1):
        if held is not None and row.end - held.start <= TARGET:
            held = Block(held.start, row.end, "rows")
            continue
        if held is not None:
            yield first, number - 1, held
        first, held = number, row
    if held is not None:
        yield first, number, held


ANALYZER = TableAnalyzer()
