"""What runs as its own process: the plugin protocol, its host, its SDK, its conformance suite and the sources."""
