"""Runs plugins: starts them, asks them, bounds them, and leaves nothing of them behind."""

from dataq_plugins.errors import (
    ConfigError,
    LimitExceeded,
    OperationFailed,
    PluginCancelled,
    PluginCrashed,
    PluginError,
    PluginSilent,
    PluginTimedOut,
    ProtocolViolated,
    SourceUnreachable,
)
from dataq_plugins.host.answers import secret_settings
from dataq_plugins.host.delivery import Delivery, Receipt
from dataq_plugins.host.environment import plugin_environment
from dataq_plugins.host.item import BLOB_THRESHOLD, Batch, Blob, BlobSink, BlobWriter, Item
from dataq_plugins.host.logs import OnLog
from dataq_plugins.host.probe import probe
from dataq_plugins.host.process import PluginProcess
from dataq_plugins.host.secrets import Redactor, is_reference, resolve, resolve_config
from dataq_plugins.host.spec import (
    Description,
    Discovery,
    Granularity,
    Limits,
    PluginSpec,
    Window,
)

__all__ = [
    "BLOB_THRESHOLD",
    "Batch",
    "Blob",
    "BlobSink",
    "BlobWriter",
    "ConfigError",
    "Delivery",
    "Description",
    "Discovery",
    "Granularity",
    "Item",
    "LimitExceeded",
    "Limits",
    "OnLog",
    "OperationFailed",
    "PluginCancelled",
    "PluginCrashed",
    "PluginError",
    "PluginProcess",
    "PluginSilent",
    "PluginSpec",
    "PluginTimedOut",
    "ProtocolViolated",
    "Receipt",
    "Redactor",
    "SourceUnreachable",
    "Window",
    "is_reference",
    "plugin_environment",
    "probe",
    "resolve",
    "resolve_config",
    "secret_settings",
]
