"""Hybrid search: a question as it is typed, two retrievers, one explained ranking."""

from dataq_lake.search.ask import DEPTH, MODES, Mode
from dataq_lake.search.hits import Hit
from dataq_lake.search.searcher import Searcher, search

__all__ = ["DEPTH", "MODES", "Hit", "Mode", "Searcher", "search"]
