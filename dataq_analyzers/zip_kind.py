"""What a zip file is: an archive to open, or a document that happens to be zipped."""

from __future__ import annotations

import re

ZIP = "application/zip"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_MIMETYPE = re.compile(rb"PK\x03\x04.{22}\x08\x00(..)mimetype", re.S)
_BY_MEMBER = (
    (b"word/document", f"{_OFFICE}.wordprocessingml.document"),
    (b"xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    (b"xl/workbook", f"{_OFFICE}.spreadsheetml.sheet"),
    (b"ppt/presentation", f"{_OFFICE}.presentationml.presentation"),
    (b"visio/document", "application/vnd.ms-visio.drawing"),
    (b"FixedDocSeq.fdseq", "application/vnd.ms-xpsdocument"),
    (b"FixedDocumentSequence.fdseq", "application/vnd.ms-xpsdocument"),
    (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    (b"META-INF/container.xml", "application/epub+zip"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
    (b"3D/3dmodel.model", "model/3mf"),
    (b"Index/Document.iwa", "application/vnd.apple.iwork"),
    (b"doc.kml", "application/vnd.google-earth.kmz"),
    (b"[Content_Types].xml", "application/vnd.openxmlformats-package"),
)
_EDGE = 64 * 1024


def zip_kind(data: bytes) -> str:
    """The media type of a zip, by its `mimetype` member (ODF, EPUB) or the names in it."""
    head, tail = bytes(data[:_EDGE]), bytes(data[-_EDGE:])
    if match := _MIMETYPE.match(head):
        size = int.from_bytes(head[22:26], "little")
        start = match.end() + int.from_bytes(head[28:30], "little")
        kind = head[start : start + min(size, 120)].strip()
        if re.fullmatch(rb"[\w.+-]+/[\w.+-]+", kind):
            return kind.decode()
    for member, kind in _BY_MEMBER:
        if member in tail or member in head:
            return kind
    return ZIP
