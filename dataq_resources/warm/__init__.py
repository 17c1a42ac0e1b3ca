"""Warm start: one process that has everything loaded, and forks itself for each run."""
