"""What runs as its own process: plugin protocol, host, SDK, conformance suite and sources."""
