"""What a defs.yaml can declare."""

from dataq_assets.components.source_plugin import SourcePlugin

__all__ = ["SourcePlugin"]
