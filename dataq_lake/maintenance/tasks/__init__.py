"""One file a task: its docstring, when it is due, whether it is harmless, and `work`."""
