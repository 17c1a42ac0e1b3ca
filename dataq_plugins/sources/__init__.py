"""The sources that ship with DataQ: one module or folder each, run by `python -m`."""
