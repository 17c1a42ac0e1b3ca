"""Where DataQ keeps its own, tokens too."""

from __future__ import annotations

import os
from pathlib import Path


def dataq_home() -> Path:
    """Return the folder: DATAQ_HOME, else ~/.dataq."""
    return Path(os.environ.get("DATAQ_HOME") or Path("~/.dataq").expanduser())
