"""What can go wrong in the lake, named by what the caller should do about it."""

from __future__ import annotations

REPAIR = "`dataq check --deep --repair` mends what can be mended"


class LakeError(Exception):
    """Any refusal of the lake; its message says what was wrong, where, and what to do."""


class Retry(LakeError):
    """Another writer was faster too often; the same call may succeed later."""


class CatalogueUnreachable(LakeError):
    """The database that holds a lake's catalogue does not answer, or not to us."""


class FixTheCall(LakeError):
    """The request itself is wrong: repeating it unchanged cannot succeed."""


class UnknownTable(FixTheCall):
    """No such table in this lake."""


class InvalidName(FixTheCall):
    """A source or table name that would not be safe as a folder or in SQL."""


class WrongSchema(FixTheCall):
    """Rows whose columns or types are not those of the table they were written to."""


class NoSuchVersion(FixTheCall):
    """A version or time of a table that never was, or is no longer kept."""


class NotYet(NoSuchVersion):
    """A time before the table, or the lake, was first written to."""


class VersionGone(NoSuchVersion):
    """A version that was there and is cleaned up: only a snapshot would have kept it."""


class ReadOnly(FixTheCall):
    """A write to the lake as it was: the past does not change."""


class WrongEngine(FixTheCall):
    """A lake whose tables have another engine than the setting says."""


class UnknownModel(FixTheCall):
    """No embedding model of this name."""


class ModelNotInstalled(FixTheCall):
    """The package that holds a model's weights is missing; the message says what to install."""


class UnknownSnapshot(FixTheCall):
    """No snapshot of this id or name, or one that has to stay."""


class SnapshotGone(UnknownSnapshot):
    """A snapshot that was there and is retired: what only it kept is gone."""


class NameTaken(FixTheCall):
    """Another snapshot has this name."""


class UnknownId(FixTheCall):
    """No row has this id, or several ids begin with it."""


class BadQuery(FixTheCall):
    """A search that asks for something impossible; the message says which part and why."""


class LimitReached(FixTheCall):
    """A question that needs more memory, time or disk than it may have."""


class NothingIndexed(FixTheCall):
    """There is nothing to search yet: something has to be archived first."""


class StopAndRepair(LakeError):
    """What is stored is not as it should be; no retry helps, a person has to look."""


class NotWritable(LakeError):
    """The disk takes no more: make room or make it writable, then run again."""


class StoreSilent(LakeError):
    """The object store does not answer: run again when it does; what was committed is kept."""


class StoreRefuses(LakeError):
    """The object store answers, and refuses: the message says which setting or right is missing."""


class LeaseLost(Retry):
    """Another process has taken over what this one was doing: nothing more of it is written."""


class LakeMissing(StopAndRepair):
    """There is no lake at this place."""


class UpgradeDataq(StopAndRepair):
    """The table was written by a newer DataQ, or by an engine with features unknown here."""


class CannotEmbed(StopAndRepair):
    """A model that made no vectors of texts; the message says why."""


class TableDamaged(StopAndRepair):
    """A table's log or one of its files cannot be read; `dataq check --deep` says what is left."""


class IndexDamaged(StopAndRepair):
    """A search index does not hold what its manifest says; it has to be built anew."""


class ContentLost(StopAndRepair):
    """Bytes that a row points to are not where they should be."""


class ContentDamaged(StopAndRepair):
    """Stored bytes no longer have the hash they were stored under."""
