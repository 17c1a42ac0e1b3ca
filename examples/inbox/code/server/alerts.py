"""Decides when somebody has to be woken up."""

RISE_PER_HOUR = 0.20
DISAGREEMENT = 0.08


def rising(levels: list[float]) -> bool:
    """Whether the last hour (six readings) rose by more than twenty centimetres."""
    return len(levels) > 6 and levels[-1] - levels[-7] > RISE_PER_HOUR


def disagrees(level: float, neighbours: list[float]) -> bool:
    """Whether a gauge is more than eight centimetres away from the mean of its neighbours."""
    return abs(level - sum(neighbours) / len(neighbours)) > DISAGREEMENT
