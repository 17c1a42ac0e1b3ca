"""Why no process can be had from the warm server."""

from __future__ import annotations

from dataq_resources.errors import ResourceError


class NotWarm(ResourceError):
    """The server could not be started, or did not answer: start a process of your own."""
