"""Mends what a deep check found, as far as it can be derived or fetched again."""

from dataq_assets.mending.mend import Mended, mend

__all__ = ["Mended", "mend"]
