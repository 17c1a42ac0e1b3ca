"""What the server loads before it is asked, and what it can be asked to do."""

from __future__ import annotations

# Names, not imports: they lie above this package, and only the server loads them.
DEFINITIONS = "dataq_assets.definitions"
MODULES = (
    DEFINITIONS,
    "dataq_assets.runs.running",
    "dataq_assets.runs.session",
    "dataq_assets.runs.launch",
    "dataq_assets.runs.checking",
    "dataq_lake.upgrading",
    "dataq_plugins.registry",
    "dagster._cli.api",
)
TASKS = {
    "run": "dataq_resources.warm.run:main",
    "hook": "dataq_gateway.hooks.archiving:main",
    "task": "dataq_assets.runs.job_process:main",
}
"""Module and function, which takes the words that were sent along and returns an exit code."""
