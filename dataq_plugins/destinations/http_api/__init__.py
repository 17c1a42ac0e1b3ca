"""An HTTP API that takes rows."""
