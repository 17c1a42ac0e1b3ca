"""Takes in what wire_plugin sends, and prints what it cost both ends: COUNT SIZE."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from dataq_plugins.host import PluginProcess, PluginSpec

PLUGIN = Path(__file__).with_name("wire_plugin.py")


def main(count: str, size: str) -> None:
    """Print records, bytes, seconds and processor seconds as JSON."""
    plugin_cpu: list[float] = []

    def note(_level: str, line: str) -> None:
        if line.startswith("cpu "):
            plugin_cpu.append(float(line.removeprefix("cpu ")))

    config = {"count": count, "size": size}
    spec = PluginSpec("wire", (sys.executable, str(PLUGIN)), config)
    with PluginProcess(spec, on_log=note) as process:
        process.describe()
        process.configure()
        begun, cpu = time.perf_counter(), time.process_time()
        records = total = 0
        for batch in process.extract():
            for item in batch.items:
                records += 1
                total += len(item.content or b"")
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert records == int(count)
    assert total == int(count) * int(size)
    print(
        json.dumps(
            {"records": records, "bytes": total, "seconds": seconds, "cpu": cpu + sum(plugin_cpu)}
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
