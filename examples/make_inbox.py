"""Writes the files of examples/inbox that are not typed by hand; the bytes are always the same."""

from __future__ import annotations

import gzip
import io
import math
import sys
import tarfile
import zipfile
from pathlib import Path

import draw
import letters

HERE = Path(__file__).resolve().parent
HOURS = 96
STORM, WEB = 44, 51  # hours after which the river rises, and the web hangs in the shaft


def levels(gauge: int) -> list[float]:
    """Stage in metres, an hour a value; gauge three reads 12 cm too high once the web is there."""
    base = {1: 0.62, 2: 0.48, 3: 0.71}[gauge]
    values = []
    for hour in range(HOURS):
        flood = 0.55 * math.exp(-((hour - STORM - 6) ** 2) / 60) if hour > STORM - 20 else 0.0
        tide = 0.03 * math.sin(hour / 12.4 * math.tau + gauge)
        values.append(round(base + flood + tide + (0.12 if gauge == 3 and hour >= WEB else 0), 3))
    return values


def readings(gauge: int) -> bytes:
    """The levels of one gauge as CSV."""
    rows = [
        f"2026-05-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z,{level:.3f}"
        for hour, level in enumerate(levels(gauge))
    ]
    return ("time,level_m\n" + "\n".join(rows) + "\n").encode()


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP archive whose members are stored as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, (2026, 4, 21, 16, 30, 0))
            entry.create_system = 3
            archive.writestr(entry, data)
    return out.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    """A tar archive inside gzip, without compression."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), 1_776_787_200
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(out.getvalue(), compresslevel=0, mtime=0)


def track() -> bytes:
    """A walk from gauge one to gauge five."""
    points = "\n".join(
        f'  <trkpt lat="{54.50211 + i * 0.000411:.5f}" lon="{9.33120 + i * 0.001047:.5f}">'
        f"<ele>{13.2 - i * 0.07:.1f}</ele>"
        f"<time>2026-04-21T{9 + i // 12:02d}:{i % 12 * 5:02d}:00Z</time></trkpt>"
        for i in range(21)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="heron" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<trk><name>Walk to gauge five</name><trkseg>\n{points}\n</trkseg></trk>\n</gpx>\n"
    ).encode()


def archives() -> dict[str, bytes]:
    """A zip with a zip inside, a tar.gz, and a download that broke off."""
    caption = "Gauge four under the dam bridge. The bracket vibrates when a lorry passes.\n"
    ladder = "Ladders lean at the mill museum; the key hangs behind the door.\n"
    photos = zipped(
        {
            "gauge-four.png": draw.panel(),
            "captions/gauge-four.txt": caption.encode(),
            "older.zip": zipped({"1987/bakery-wall.txt": b"High water mark of 1987: 2.61 m.\n"}),
        }
    )
    log = "gauge five: joint replaced, hinge greased, kingfisher on the panel\n"
    return {
        "archives/spring-photos.zip": photos,
        "archives/half-download.zip": photos[: len(photos) // 2],
        "archives/field-notes.tar.gz": tarred(
            {"field/ladder.txt": ladder.encode(), "field/log.txt": log.encode()}
        ),
    }


def pictures() -> dict[str, bytes]:
    """Charts and drawings."""
    return {
        "pictures/chart-gauge-3.png": draw.chart(levels(3), levels(1), levels(2)),
        "pictures/chart-gauge-1.png": draw.chart(levels(1)),
        "pictures/map.png": draw.map_of_the_river(),
        "pictures/shaft.png": draw.shaft(),
        "pictures/panel.png": draw.panel(),
        "pictures/logo.png": draw.logo(),
    }


def inbox() -> dict[str, bytes]:
    """Path below the inbox and bytes of every file made here."""
    old = "Höhe über Null: 12,40 m. Geprüft am 3. März 1998, Wasseramt, für die Mühlenbrücke.\n"
    mail = letters.thread(draw.chart(levels(3), levels(1)), draw.shaft(), readings(3))
    return {
        "data/levels-gauge-1.csv": readings(1),
        "data/levels-gauge-3.csv": readings(3),
        "notes/pegel-1998.txt": old.encode("latin-1"),
        "notes/empty.txt": b"",
        "tracks/walk-to-gauge-five.gpx": track(),
        **{f"mail/{name}": data for name, data in mail},
        **pictures(),
        **archives(),
    }


def main(folder: Path) -> None:
    """Write every file below `folder`."""
    for name, data in inbox().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "inbox")
