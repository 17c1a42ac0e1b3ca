"""What else a mail says, and the events of calendars.

Texts that are there already have neither, until the new version of their analyzer reads them.
"""

from __future__ import annotations

TABLE = "texts"
FROM = 1
TO = 2
