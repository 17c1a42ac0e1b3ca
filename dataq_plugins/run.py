"""Serves a plugin class named as `module:Class`: the command behind an entry point."""

from __future__ import annotations

import importlib
import sys


def main(argv: list[str]) -> None:
    """Serve the class until standard input closes."""
    from dataq_plugins.sdk import serve

    module, _, name = argv[1].partition(":")
    serve(getattr(importlib.import_module(module), name))


if __name__ == "__main__":
    main(sys.argv)
