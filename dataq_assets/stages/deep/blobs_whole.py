"""Every stored blob has the bytes that it is named after."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_assets.stages.deep_check import Finding, Look
from dataq_lake.errors import ContentDamaged

NAME = "blobs_whole"
UNIT = "bytes"


def findings(at: Look) -> Iterator[Finding]:
    """The blobs with other bytes, or that cannot be read."""
    total = sum(blob.size for blob in at.lake.blobs.stored())
    done = 0
    for blob in at.lake.blobs.stored():
        try:
            for piece in at.lake.blobs.chunks(blob.uri):
                done += len(piece)
                at.tell(NAME, done, total)
        except ContentDamaged as error:
            yield Finding(NAME, blob.uri, str(error), "fetch", blob.uri)
        except OSError as error:
            yield Finding(NAME, blob.uri, f"cannot be read: {error}", "fetch", blob.uri)
