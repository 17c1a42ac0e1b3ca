"""One content through its analyzer: the function that a stage hands to the pool."""

from __future__ import annotations

from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Analysis, Content
from dataq_analyzers.language import SAMPLE, language_of
from dataq_analyzers.registry import analyzer_for

TITLE = 300


def analyze(content: Content) -> Analysis:
    """The analysis of `content` with its language; raises SkipContent where nothing reads it."""
    analyzer = analyzer_for(content.media_type, content.name)
    if analyzer is None:
        raise SkipContent(f"no analyzer reads {content.media_type}")
    analysis = analyzer.analyze(content)
    language = analysis.language
    if language is None and analysis.units:
        start = analysis.units[0].start
        language = language_of(analysis.text[start : start + SAMPLE])
    title = (analysis.title or "")[:TITLE].strip() or None
    return analysis._replace(language=language, title=title)


def size_of(content: Content) -> int:
    """The bytes that a content weighs in the pool."""
    return len(content.data)
