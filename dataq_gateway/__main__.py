"""`python -m dataq_gateway` is `dataq`."""

from __future__ import annotations

from dataq_gateway.cli import main

main()
