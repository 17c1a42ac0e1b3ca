"""A host that is there to be killed: starts an extraction, says so, and waits for its end."""

from __future__ import annotations

import sys
import time

from dataq_plugins.host import PluginProcess, PluginSpec


def main(source: str, mode: str, mark: str) -> None:
    spec = PluginSpec(
        source="orchard",
        argv=(sys.executable, source),
        config={"mode": mode},
        environment=(mark,),
    )
    with PluginProcess(spec) as plugin:
        for batch in plugin.extract():
            if batch.items[-1].source_id == "after":
                print("running", flush=True)
                time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
