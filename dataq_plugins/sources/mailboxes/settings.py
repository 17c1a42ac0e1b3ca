"""The settings of mailboxes: what docs/sources/mailboxes.md lists, word for word."""

from __future__ import annotations

from dataclasses import dataclass

from dataq_plugins.sdk import SettingError, setting
from dataq_plugins.sources._folders.roots import Root
from dataq_plugins.sources._folders.settings import roots_of
from dataq_plugins.sources.mailboxes.variant import Variant


@dataclass(frozen=True)
class Settings:
    """Where the mailboxes lie, and which of them to take."""

    root: list[str] = setting(
        doc="The folder in which mailboxes are looked for, or a list of folders. With several, the "
        "names of mailboxes begin with the folder's own name, or with the label in "
        "`label=/path`.",
        examples=["/home/me/Mail", ["home=/home/me/Maildir", "/var/mail"]],
        format="directory-path",
        minItems=1,
    )
    exclude: list[str] = setting(
        [],
        doc="Leave out mailboxes whose name, or that of a folder above, matches one of these "
        "patterns (gitignore syntax).",
        examples=[["Trash", "Spam", "*.bak"]],
    )
    variant: Variant = setting(
        "auto",
        doc="How mbox files quote lines that begin with From, and whether Content-Length tells "
        "where a mail ends. auto: Content-Length counts where a mail really ends there; quoting "
        "is undone as in mboxrd, but for mails in which such a line stands unquoted.",
    )
    max_bytes: int = setting(
        100_000_000,
        doc="Mails over this many bytes are not taken; each is recorded with its size and the "
        "reason.",
        minimum=1,
    )
    allow_empty: bool = setting(
        False,
        doc="Believe it when a root that had mails has none at all, and record them as deleted. "
        "Otherwise that is an error, because it is how a disk looks that is not mounted.",
    )

    def roots(self) -> list[Root]:
        """Return the folders with their labels; SettingError if they are unclear."""
        return roots_of(self.root)

    def check_patterns(self) -> None:
        """Raise SettingError for a line of `exclude` that is no pattern."""
        from dataq_plugins.sources._patterns import Patterns

        try:
            Patterns(self.exclude)
        except ValueError as error:
            raise SettingError("exclude", str(error)) from None
