"""The graph of assets: pure stages and the thin Dagster shells over them."""
