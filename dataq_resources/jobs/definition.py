"""What a job does."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class JobDefinition(BaseModel):
    """Archives sources, processes and publishes what is new, and delivers to destinations.

    `query` (with its `key`) transforms what the destinations get, in place of their own question.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[str, ...] = Field(default=(), max_length=1_000)
    query: str | None = Field(default=None, max_length=100_000)
    key: str | None = None
    destinations: tuple[str, ...] = Field(default=(), max_length=1_000)
    full: bool = False
    """Ask sources also for what they have sent before."""
    description: str = Field(default="", max_length=10_000)

    @model_validator(mode="after")
    def _whole(self) -> JobDefinition:
        if not self.sources and not self.destinations:
            raise ValueError("name sources, destinations or both")
        if (self.query is None) != (self.key is None):
            raise ValueError("a query and its key belong together")
        if self.query and not self.destinations:
            raise ValueError("a query is for destinations: name one")
        return self

    @property
    def question(self) -> tuple[str, str] | None:
        """The query and its key, if there is one."""
        return (self.query, self.key) if self.query and self.key else None
