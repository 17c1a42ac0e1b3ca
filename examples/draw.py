"""Small pictures for the example inbox, as PNG bytes that are the same on every machine."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

WIDTH, HEIGHT = 192, 120
PAPER, INK, WATER, SUN, GRASS, BRICK, SKY, STONE = range(8)
PALETTE = (
    (252, 250, 244), (40, 44, 52), (60, 120, 190), (240, 180, 40),
    (90, 150, 80), (170, 90, 70), (190, 220, 240), (150, 150, 145),
)  # fmt: skip


class Canvas:
    """A picture of at most sixteen colours, row by row."""

    def __init__(self, colour: int = PAPER) -> None:
        self.rows = [[colour] * WIDTH for _ in range(HEIGHT)]

    def dot(self, x: float, y: float, colour: int) -> None:
        """Colour one point, if it lies inside."""
        column, row = round(x), round(y)
        if 0 <= column < WIDTH and 0 <= row < HEIGHT:
            self.rows[row][column] = colour

    def box(self, left: int, top: int, right: int, bottom: int, colour: int) -> None:
        """Fill a rectangle; right and bottom are outside."""
        for y in range(top, bottom):
            for x in range(left, right):
                self.dot(x, y, colour)

    def disc(self, x: int, y: int, radius: int, colour: int) -> None:
        """Fill a circle."""
        for dy in range(-radius, radius + 1):
            reach = math.isqrt(radius * radius - dy * dy)
            self.box(x - reach, y + dy, x + reach + 1, y + dy + 1, colour)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: int) -> None:
        """Draw a line two points wide."""
        steps = 1 + 2 * int(max(abs(end[0] - start[0]), abs(end[1] - start[1])))
        for step in range(steps + 1):
            x = start[0] + (end[0] - start[0]) * step / steps
            y = start[1] + (end[1] - start[1]) * step / steps
            self.dot(x, y, colour)
            self.dot(x, y + 1, colour)

    def curve(self, levels: Sequence[float], colour: int, top: float = 2.0) -> None:
        """Draw levels (metres, the first at the left edge) between the axes."""
        step = (WIDTH - 24) / max(len(levels) - 1, 1)
        places = [(16 + i * step, 108 - level / top * 96) for i, level in enumerate(levels)]
        for start, end in pairwise(places):
            self.line(start, end, colour)

    def png(self) -> bytes:
        """The picture as PNG: four bits a point, not compressed (so always the same bytes)."""
        rows = b"".join(
            b"\0" + bytes(a << 4 | b for a, b in zip(row[::2], row[1::2], strict=True))
            for row in self.rows
        )
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 4, 3, 0, 0, 0)
        palette = bytes(value for colour in PALETTE for value in colour)
        chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 0)))
        body = b"".join(chunk(*each) for each in (*chunks, (b"IEND", b"")))
        return b"\x89PNG\r\n\x1a\n" + body


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chart(levels: Sequence[float], *others: Sequence[float]) -> bytes:
    """A chart of levels in metres, further gauges in grey behind it."""
    canvas = Canvas()
    canvas.line((16, 8), (16, 108), INK)
    canvas.line((16, 108), (WIDTH - 6, 108), INK)
    for other in others:
        canvas.curve(other, STONE)
    canvas.curve(levels, WATER)
    return canvas.png()


def map_of_the_river() -> bytes:
    """The Alder with its five gauges."""
    canvas = Canvas(GRASS)
    course = [(x, 60 + 26 * math.sin(x / 31)) for x in range(0, WIDTH, 4)]
    for x, y in course:
        canvas.disc(int(x), int(y), 6, WATER)
    for x, y in course[4::9]:
        canvas.disc(int(x), int(y), 4, SUN)
        canvas.disc(int(x), int(y), 2, INK)
    canvas.box(88, 12, 104, 34, BRICK)
    return canvas.png()


def shaft() -> bytes:
    """The shaft of gauge three, with a web between the sensor and the water."""
    canvas = Canvas(SKY)
    canvas.box(40, 20, 152, HEIGHT, BRICK)
    canvas.box(60, 20, 132, HEIGHT, PAPER)
    canvas.box(60, 96, 132, HEIGHT, WATER)
    canvas.box(86, 20, 106, 32, INK)
    for step in range(8):
        canvas.line((60, 78 + step % 3), (132, 84 - step % 5), STONE)
    canvas.line((92, 34), (92, 78), SUN)
    canvas.line((100, 78), (100, 34), SUN)
    return canvas.png()


def panel() -> bytes:
    """A solar panel under the sun."""
    canvas = Canvas(SKY)
    canvas.disc(158, 24, 16, SUN)
    canvas.box(0, 100, WIDTH, HEIGHT, GRASS)
    canvas.box(72, 60, 76, 100, STONE)
    canvas.box(30, 40, 118, 66, INK)
    for x in range(32, 116, 14):
        canvas.box(x, 42, x + 12, 64, WATER)
    return canvas.png()


def logo() -> bytes:
    """A heron, roughly."""
    canvas = Canvas()
    canvas.disc(96, 62, 20, STONE)
    canvas.line((108, 48), (124, 18), STONE)
    canvas.disc(125, 17, 5, STONE)
    canvas.line((128, 17), (146, 21), SUN)
    canvas.line((92, 80), (92, 112), INK)
    canvas.line((100, 80), (104, 112), INK)
    canvas.box(0, 110, WIDTH, 114, WATER)
    return canvas.png()
