"""The metadata are not what the source promised, or not fit for any table."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "metadata"
SEVERITY = "warning"
ORDER = 20

MAX_KEY = 200
MAX_VALUE = 1 << 20


def broken(candidate: Candidate, settings: GateSettings) -> str | None:
    """The first entry that is malformed, or what the source's JSON Schema says of them all."""
    for key, value in candidate.metadata.items():
        if not key or len(key) > MAX_KEY:
            return f"metadata key {key[:40]!r} is not 1 to {MAX_KEY} characters long"
        if len(value) > MAX_VALUE:
            return f"metadata {key!r} is {len(value)} characters long, {MAX_VALUE} are allowed"
    return _against(settings, candidate) if settings.metadata_schema else None


def _against(settings: GateSettings, candidate: Candidate) -> str | None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(dict(settings.metadata_schema))
    for error in validator.iter_errors(dict(candidate.metadata)):
        place = "/".join(str(step) for step in error.path)
        return f"metadata{' ' + place if place else ''}: {error.message}"
    return None
