"""What keeps the marts from being built, named by what to do."""

from __future__ import annotations


class InstallDbt(Exception):
    """Install dbt: the rest of DataQ works without."""


class BrokenProject(Exception):
    """Mend the model, test or profile that dbt names."""
