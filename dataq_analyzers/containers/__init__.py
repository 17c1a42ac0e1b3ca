"""The containers, one file a kind; a module here is found by its `CONTAINER`."""
