"""The settings of gmail: what docs/sources/gmail.md lists, word for word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataq_plugins.sdk import SettingError, setting
from dataq_plugins.sources.gmail.addresses import refuse_unsafe

Format = Literal["raw", "full", "metadata", "minimal"]
ENDPOINT = "https://gmail.googleapis.com/"


@dataclass(frozen=True)
class Settings:
    """Whose mails, what of them, who lets us in, and how fast."""

    account: str = setting(
        doc="The address of the mailbox. With a service account it is the user it acts for.",
        examples=["ana@example.org"],
        minLength=3,
    )
    client: str = setting(
        "",
        doc="The OAuth client of an installed app: the JSON file that Google's console gives, as "
        "file:PATH. Only `dataq sources auth` reads it.",
        secret=True,
    )
    token: str = setting(
        "",
        doc="The token itself, by reference: the JSON that `dataq sources auth` writes. Empty: it "
        "is in token_file.",
        secret=True,
    )
    token_file: str = setting(
        "",
        doc="Where `dataq sources auth` puts the token; nobody else may read it. Empty: "
        "$DATAQ_HOME/tokens/gmail-ACCOUNT.json.",
        format="file-path",
    )
    service_account: str = setting(
        "",
        doc="The key of a service account with domain-wide delegation, as file:PATH. Then there is "
        "no token, and no consent.",
        secret=True,
    )
    format: Format = setting(
        "raw",
        doc="raw: the mail itself, byte for byte. full: Gmail's own structure of it as JSON, with "
        "its attachments. metadata: the same with headers only. minimal: ids, labels, snippet.",
    )
    query: str = setting(
        "",
        doc="Take only what Gmail's search finds by this. What was taken is followed, whether it "
        "is still found or not.",
        examples=["from:boss@example.org -category:promotions"],
    )
    labels: list[str] = setting(
        [],
        doc="Take only mails with one of these labels, by name. Empty: all.",
        examples=[["INBOX", "Work/Clients"]],
    )
    ignore_labels: list[str] = setting(
        [],
        doc="Labels that are not recorded, so that a change of them makes no version.",
        examples=[["UNREAD"]],
    )
    spam_trash: bool = setting(
        False, doc="Take spam and trash, too. Otherwise what is moved there is recorded as gone."
    )
    max_bytes: int = setting(
        100_000_000,
        doc="Mails over this many bytes are not taken; each is recorded with its size and the "
        "reason.",
        minimum=1,
    )
    units_per_second: float = setting(
        250.0,
        doc="Gmail's quota of this user: units a second (a mail costs 5). 0: no limit of ours.",
        minimum=0,
    )
    project_units_per_second: float = setting(
        20_000.0,
        doc="The quota of the whole Google project, or this source's share of it. 0: no limit.",
        minimum=0,
    )
    batch: int = setting(100, doc="Mails asked for in one request.", minimum=1, maximum=100)
    connections: int = setting(2, doc="Requests under way side by side.", minimum=1, maximum=8)
    timeout_seconds: float = setting(
        30.0, doc="To connect, and for each piece of an answer.", minimum=0.001, maximum=3600
    )
    patience_seconds: float = setting(
        300.0,
        doc="So long is a request tried again that fails each time; then the run ends.",
        minimum=0,
    )
    endpoint: str = setting(
        ENDPOINT, doc="Where the API is, for plain and batch requests alike.", format="uri"
    )

    def refuse_unclear(self) -> None:
        """Raise SettingError for what types cannot say."""
        if "@" not in self.account:
            raise SettingError("account", f"{self.account!r} is no address")
        refuse_unsafe("endpoint", self.endpoint)
        if self.service_account and self.token:
            raise SettingError("token", "is not needed with service_account: leave one out")

    def scope(self) -> dict[str, object]:
        """Return what decides which mails are taken, and as what."""
        return {
            "content": [self.format],
            "choice": [
                self.query,
                sorted(self.labels),
                sorted(self.ignore_labels),
                self.spam_trash,
            ],
        }

    def token_path(self, home: Path) -> Path:
        """Return where the token is; `home` is DATAQ_HOME."""
        if self.token_file:
            return Path(self.token_file).expanduser()
        account = "".join(c if c.isalnum() or c in "@.+-_" else "_" for c in self.account.lower())
        return home / "tokens" / f"gmail-{account}.json"
