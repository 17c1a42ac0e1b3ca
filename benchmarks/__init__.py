"""Measures DataQ against a reference in the same run: `python -m benchmarks`, or `make bench`."""
