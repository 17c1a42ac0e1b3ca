"""A plugin's settings as the table of its page has them."""

from __future__ import annotations

import json

from dataq_plugins.sdk.settings import schema_of


def setting_lines(settings: type) -> list[str]:
    """The lines of the table of settings, as the schema gives them."""
    schema = schema_of(settings)
    lines = []
    for name, setting in schema["properties"].items():
        default = (
            "required" if name in schema["required"] else f"`{json.dumps(setting['default'])}`"
        )
        lines.append(f"| `{name}` | {default} | {setting['description']} |")
    return lines
