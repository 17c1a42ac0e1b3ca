"""What a zip file is: an archive to open, or a document that happens to be zipped."""

from __future__ import annotations

import re

ZIP = "application/zip"
_OOXML = "application/vnd.openxmlformats-officedocument"
_WORD = f"{_OOXML}.wordprocessingml.document"
_SHEET = f"{_OOXML}.spreadsheetml.sheet"
_SLIDES = f"{_OOXML}.presentationml.presentation"
_VISIO = "application/vnd.ms-visio.drawing"
_MIMETYPE = re.compile(rb"PK\x03\x04.{14}(....)....\x08\x00(..)mimetype", re.S)
_TYPE = re.compile(rb"[\w.+-]+/[\w.+-]+")
# A member's name, as it stands in the directory at the end or at the beginning of a small zip.
_BY_MEMBER = (
    (b"word/document", _WORD),
    (b"xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    (b"xl/workbook", _SHEET),
    (b"ppt/presentation", _SLIDES),
    (b"visio/document", _VISIO),
    (b"FixedDocSeq.fdseq", "application/vnd.ms-xpsdocument"),
    (b"FixedDocumentSequence.fdseq", "application/vnd.ms-xpsdocument"),
    (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    (b"META-INF/container.xml", "application/epub+zip"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
    (b"3D/3dmodel.model", "model/3mf"),
    (b"Index/Document.iwa", "application/vnd.apple.iwork"),
    (b"buildVersionHistory.plist", "application/vnd.apple.iwork"),
    (b"doc.kml", "application/vnd.google-earth.kmz"),
    (b"META-INF/manifest.xml", "application/vnd.sun.xml.document"),
    (b"[Content_Types].xml", "application/vnd.openxmlformats-package"),
)
# Which of a family it is stands in a compressed member: the name says it without opening any.
_VARIANTS = {
    ("docm", _WORD): "application/vnd.ms-word.document.macroenabled.12",
    ("dotm", _WORD): "application/vnd.ms-word.template.macroenabled.12",
    ("dotx", _WORD): f"{_OOXML}.wordprocessingml.template",
    ("potm", _SLIDES): "application/vnd.ms-powerpoint.template.macroenabled.12",
    ("potx", _SLIDES): f"{_OOXML}.presentationml.template",
    ("ppsm", _SLIDES): "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
    ("ppsx", _SLIDES): f"{_OOXML}.presentationml.slideshow",
    ("pptm", _SLIDES): "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    ("xlsm", _SHEET): "application/vnd.ms-excel.sheet.macroenabled.12",
    ("xltm", _SHEET): "application/vnd.ms-excel.template.macroenabled.12",
    ("xltx", _SHEET): f"{_OOXML}.spreadsheetml.template",
}
# Zips that nothing but their name tells from an archive, and that nobody unpacks by hand.
_BY_NAME = {
    "aab": "application/vnd.android.package-archive",
    "aar": "application/java-archive",
    "bau": "application/vnd.sun.xml.document",
    "cbz": "application/vnd.comicbook+zip",
    "crx": "application/x-chrome-extension",
    "ear": "application/java-archive",
    "jar": "application/java-archive",
    "kmz": "application/vnd.google-earth.kmz",
    "nupkg": "application/vnd.nuget.package",
    "stw": "application/vnd.sun.xml.writer.template",
    "sxc": "application/vnd.sun.xml.calc",
    "sxd": "application/vnd.sun.xml.draw",
    "sxi": "application/vnd.sun.xml.impress",
    "sxw": "application/vnd.sun.xml.writer",
    "vsix": "application/vnd.ms-visualstudio.extension",
    "war": "application/java-archive",
    "whl": "application/x-wheel+zip",
    "xpi": "application/x-xpinstall",
}
_EDGE = 64 * 1024


def zip_kind(data: bytes, name: str = "") -> str:
    """The media type of a zip: by its `mimetype` member, by the names in it, then by its own."""
    extension = name.rpartition(".")[2].lower()
    head = data[:_EDGE]
    if match := _MIMETYPE.match(head):
        start = match.end() + int.from_bytes(match.group(2), "little")
        size = min(int.from_bytes(match.group(1), "little"), 120)
        stored = head[start : start + size].strip()
        if _TYPE.fullmatch(stored):
            return stored.decode()
    tail = data[-_EDGE:]
    for member, kind in _BY_MEMBER:
        if member in tail or member in head:
            return _VARIANTS.get((extension, kind), _BY_NAME.get(extension, kind))
    return _BY_NAME.get(extension, ZIP)
