"""What a worker loads before its first item: the function that is run in each beforehand."""

from __future__ import annotations

SAMPLE = b"From: a@example.org\r\nSubject: A sample\r\n\r\nThis is a letter to nobody at all.\r\n"


def get_ready(model: str) -> None:
    """Load what most items need: detection, the usual analyzers, language, the embedding model."""
    from dataq_analyzers.analysis import analyze
    from dataq_analyzers.detect import detect
    from dataq_analyzers.interface import Content
    from dataq_assets.stages import judging  # noqa: F401 - the gate's function
    from dataq_lake.embedders import embedder

    for name in ("sample.eml", "sample.html", "sample.txt"):
        found = detect(SAMPLE, name)
        analyze(Content(SAMPLE, found.media_type, name))
    embedder(model).load()
