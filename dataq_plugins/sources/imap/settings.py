"""The settings of imap: what docs/sources/imap.md lists, word for word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from dataq_plugins.sdk import SettingError, setting

Tls = Literal["implicit", "starttls", "none"]
PORTS: dict[Tls, int] = {"implicit": 993, "starttls": 143, "none": 143}
USES = ("all", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")
NAMESPACES = ("personal", "other", "shared")


@dataclass(frozen=True)
class Settings:
    """Which server, who we are there, and which mailboxes to take."""

    host: str = setting(doc="The server's name.", examples=["imap.example.org"])
    user: str = setting(doc="Who logs in.", examples=["ana@example.org"])
    password: str = setting(
        "", doc="The password, or a password made for this program.", secret=True
    )
    port: int = setting(
        0,
        doc="The server's port. 0: 993, or 143 where TLS is not implicit.",
        maximum=65535,
        minimum=0,
    )
    tls: Tls = setting(
        "implicit",
        doc="implicit: encrypted from the first byte. starttls: before anything is said. none: not "
        "at all, which is refused but for a server on this machine.",
    )
    ca_file: str = setting(
        "",
        doc="A file of certificates (PEM) to trust instead of the system's, for a server with one "
        "of its own.",
    )
    auth: Literal["password", "xoauth2", "oauthbearer"] = setting(
        "password", doc="How we say who we are: by password, or by an OAuth 2 access token."
    )
    token: str = setting(
        "", doc="The access token, where something else keeps a fresh one in a file.", secret=True
    )
    refresh_token: str = setting(
        "", doc="What access tokens are had for, at `token_url`.", secret=True
    )
    token_url: str = setting("", doc="Where access tokens are given out.", format="uri")
    client_id: str = setting("", doc="By which the token server knows this program.")
    client_secret: str = setting("", doc="With `client_id`, where there is one.", secret=True)
    scope: str = setting("", doc="What the access token is for. Empty: as the token server has it.")
    include: list[str] = setting(
        [],
        doc="Take only mailboxes that match one of these patterns (gitignore syntax). Empty: all.",
    )
    exclude: list[str] = setting(
        [],
        doc="Leave out mailboxes whose name, or that of one above, matches one of these patterns "
        "(gitignore syntax).",
        examples=[["Trash", "Spam", "Lists/*"]],
    )
    skip: list[str] = setting(
        [],
        doc="Leave out mailboxes of these uses, as the server tells them: all, archive, drafts, "
        "flagged, important, junk, sent, trash.",
        examples=[["junk", "trash"]],
    )
    namespaces: list[str] = setting(
        ["personal"],
        doc="Whose mailboxes: personal, other (of other people), shared.",
    )
    max_bytes: int = setting(
        1_000_000_000,
        doc="Mails over this many bytes are not taken; each is recorded with its size and the "
        "reason.",
        minimum=1,
    )
    timeout_seconds: float = setting(
        30, doc="To connect, and for each piece of an answer.", minimum=0.001, maximum=600
    )
    allow_private: bool = setting(
        False,
        doc="Also connect to addresses of this machine and of private networks, which are refused "
        "otherwise, whatever the name leads to.",
    )
    allow_empty: bool = setting(
        False,
        doc="Believe it when there were mails and there is none at all, and record them as "
        "deleted. Otherwise that is an error, because it is how an account looks that was set up "
        "anew.",
    )

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or PORTS[self.tls]

    def checked(self) -> None:
        """Raise SettingError for what types cannot say."""
        from dataq_plugins.sources._patterns import Patterns

        for name in ("host", "user"):
            if not getattr(self, name).strip():
                raise SettingError(name, "is empty")
        for name in ("include", "exclude"):
            try:
                Patterns(getattr(self, name))
            except ValueError as error:
                raise SettingError(name, str(error)) from None
        for name, known in (("skip", USES), ("namespaces", NAMESPACES)):
            for word in getattr(self, name):
                if word not in known:
                    raise SettingError(name, f"has {word!r}; there are: {', '.join(known)}")
        self._check_credentials()

    def _check_credentials(self) -> None:
        if self.auth == "password":
            if not self.password:
                raise SettingError(
                    "password", "is needed (auth is password): env:NAME or file:PATH"
                )
            return
        if self.refresh_token:
            for name in ("token_url", "client_id"):
                if not getattr(self, name):
                    raise SettingError(name, "is needed with refresh_token")
            parts = urlsplit(self.token_url)
            loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
            if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
                raise SettingError("token_url", "write an address: https://host/path")
        elif not self.token:
            raise SettingError("token", f"or refresh_token is needed for auth {self.auth}")
