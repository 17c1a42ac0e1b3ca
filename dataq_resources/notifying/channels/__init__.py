"""The kinds of channels, one a file: a class `Settings` that says what it needs and delivers."""
