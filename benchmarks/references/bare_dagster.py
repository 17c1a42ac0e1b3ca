"""The least that Dagster does: import it and materialize one asset on an instance."""

import dagster as dg


@dg.asset
def one() -> dg.MaterializeResult[None]:
    """Nothing, recorded."""
    return dg.MaterializeResult()


if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([one], instance=instance).success
