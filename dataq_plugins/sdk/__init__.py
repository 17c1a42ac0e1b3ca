"""Everything a plugin in Python needs: subclass Plugin, yield Items, end with `serve`."""

from dataq_plugins.sdk.destination import Delivery, Destination, Receipt
from dataq_plugins.sdk.plugin import (
    Abandon,
    Discovery,
    Granularity,
    Item,
    Log,
    Plugin,
    SettingError,
    State,
    Unreachable,
    Window,
)
from dataq_plugins.sdk.saver import Saver
from dataq_plugins.sdk.serve import serve
from dataq_plugins.sdk.settings import setting
from dataq_plugins.sdk.windows import Windows, window_around

__all__ = [
    "Abandon",
    "Delivery",
    "Destination",
    "Discovery",
    "Granularity",
    "Item",
    "Log",
    "Plugin",
    "Receipt",
    "Saver",
    "SettingError",
    "State",
    "Unreachable",
    "Window",
    "Windows",
    "serve",
    "setting",
    "window_around",
]
