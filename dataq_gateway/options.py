"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def as_of_option() -> Decorator:
    """--as-of, given to the command as `as_of`."""
    return click.option(
        "--as-of",
        metavar="WHEN",
        help="Read the lake as it was: a time (ISO 8601, UTC if it names no zone), or the name or "
        "id of a snapshot.",
    )


def json_option(help_text: str = "Print JSON instead of text; errors too.") -> Decorator:
    """--json, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)
