"""One module a subcommand; each declares a click command named `command`."""
