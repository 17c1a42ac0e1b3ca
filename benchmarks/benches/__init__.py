"""One file a bench: its first line says what is measured, `run` measures it."""
