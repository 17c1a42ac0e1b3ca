"""The promises of a plugin: one function `check_…` each, its first line being the promise."""
