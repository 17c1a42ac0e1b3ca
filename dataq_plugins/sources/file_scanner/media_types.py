"""The media type that a file's name promises; whether it is true is for the gate to say."""

from __future__ import annotations

import mimetypes
from functools import cache

UNKNOWN = "application/octet-stream"

# What the standard library's table lacks, or where it means something that is rare today.
_MORE = {
    "adoc": "text/asciidoc",
    "bz2": "application/x-bzip2",
    "c": "text/x-c",
    "cc": "text/x-c++",
    "cpp": "text/x-c++",
    "cs": "text/x-csharp",
    "eml": "message/rfc822",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "geojson": "application/geo+json",
    "go": "text/x-go",
    "gpx": "application/gpx+xml",
    "gz": "application/gzip",
    "h": "text/x-c",
    "heic": "image/heic",
    "hpp": "text/x-c++",
    "ics": "text/calendar",
    "ini": "text/plain",
    "ipynb": "application/x-ipynb+json",
    "java": "text/x-java",
    "jsonl": "application/x-ndjson",
    "kml": "application/vnd.google-earth.kml+xml",
    "kmz": "application/vnd.google-earth.kmz",
    "log": "text/plain",
    "m4a": "audio/mp4",
    "markdown": "text/markdown",
    "mbox": "application/mbox",
    "md": "text/markdown",
    "mkv": "video/x-matroska",
    "msg": "application/vnd.ms-outlook",
    "ndjson": "application/x-ndjson",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ogg": "audio/ogg",
    "parquet": "application/vnd.apache.parquet",
    "rb": "text/x-ruby",
    "rs": "text/x-rust",
    "rst": "text/x-rst",
    "rtf": "application/rtf",
    "sh": "application/x-sh",
    "sql": "application/sql",
    "toml": "application/toml",
    "ts": "text/x-typescript",
    "tsx": "text/x-typescript",
    "vcf": "text/vcard",
    "webp": "image/webp",
    "xz": "application/x-xz",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zst": "application/zstd",
    "7z": "application/x-7z-compressed",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@cache
def _types() -> dict[str, str]:
    # Without the machine's own mime.types: the same name gives the same type everywhere.
    loose, strict = mimetypes.MimeTypes(filenames=()).types_map
    return {ending[1:]: kind for ending, kind in {**loose, **strict}.items()} | _MORE


def media_type(name: str) -> str:
    """Return the media type of a name's ending; application/octet-stream if it says nothing."""
    _, dot, ending = name.rpartition(".")
    return _types().get(ending.lower(), UNKNOWN) if dot else UNKNOWN
