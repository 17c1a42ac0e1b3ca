"""The analyzers, one file a kind; a module here is found by its `ANALYZER`."""
