"""What a row was when it was delivered, and the order of deliveries: changes are told by them.

Deliveries that are there already were of new rows only, and have neither.
"""

from __future__ import annotations

TABLE = "deliveries"
FROM = 1
TO = 2
