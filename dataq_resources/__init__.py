"""Dagster's view of the lake, the plugins and the analyzers: resources and IO managers, thin."""
