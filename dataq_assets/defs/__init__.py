"""Thin Dagster shells over the stages, one file a stage."""
