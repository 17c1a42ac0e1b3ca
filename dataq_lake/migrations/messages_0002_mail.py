"""Addresses in normal form, attachments, mailbox and flags, and which mails are the same one.

Messages that are there already have none of it, until the new version of their analyzer reads them.
"""

from __future__ import annotations

TABLE = "messages"
FROM = 1
TO = 2
