"""file_scanner passes what every plugin must."""

from __future__ import annotations

import time
from pathlib import Path

from dataq_plugins.conformance import assert_conforms
from dataq_plugins.sources.file_scanner.extraction import RACY_NS
from tests.plugins.scanned import ARGV, settings, write


def test_it_conforms(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "a", "b/c.md": "# c", "big.bin": b"x" * 300_000})
    time.sleep(RACY_NS / 1e9)  # younger files are reported as changed once more
    assert_conforms(ARGV, settings(root=str(tmp_path)))
