"""What each stage does, as pure functions: Arrow and Polars in, differences out, no Dagster."""
