"""The emulator as tests hold it: fill it, break it, count what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.emulators.gmail.faults import Fault
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.gmail.occasions import Hook, Occasion
from tests.emulators.gmail.quotas import Quota
from tests.emulators.gmail.service import Service
from tests.emulators.gmail.tokens import READONLY, Grant
from tests.emulators.gmail.wire import Wire


class Gmail:
    """Serves on loopback from when it is made until `stop`, from threads of this process."""

    def __init__(self, port: int = 0) -> None:
        self._service = Service()
        self._wire = Wire(self._service.handle, port)
        self._port = self._wire.port
        self._before = 0
        self._service.tokens.service.token_uri = f"{self.url()}/token"

    # -- where it is, and who may come in

    def url(self) -> str:
        """The root of the API, of batches and of OAuth."""
        return f"http://127.0.0.1:{self._port}"

    def client_secrets(self) -> dict[str, Any]:
        """The JSON that Google's console gives for a client of the kind "Desktop app"."""
        tokens = self._service.tokens
        return {
            "installed": {
                "client_id": tokens.client_id,
                "project_id": "emulated",
                "auth_uri": f"{self.url()}/o/oauth2/v2/auth",
                "token_uri": f"{self.url()}/token",
                "client_secret": tokens.client_secret,
                "redirect_uris": ["http://localhost"],
            }
        }

    def authorized_user(self, user: str, *scopes: str) -> dict[str, str]:
        """What google-auth keeps of a consent; scopes are gmail.readonly unless named."""
        grant = Grant(user, scopes or (READONLY,), self._service.tokens.client_id)
        return {
            "type": "authorized_user",
            "client_id": self._service.tokens.client_id,
            "client_secret": self._service.tokens.client_secret,
            "refresh_token": self._service.tokens.allow(grant),
            "token_uri": f"{self.url()}/token",
        }

    def service_account(self, *scopes: str) -> dict[str, str]:
        """The JSON key of an account that acts for users at example.org, within these scopes."""
        self._service.tokens.service.scopes = set(scopes) or None
        return self._service.tokens.service.told()

    def access_token(self, user: str, *scopes: str) -> str:
        """A token for a plain HTTP client; of no refresh token."""
        tokens = self._service.tokens
        return str(tokens.give(Grant(user, scopes or (READONLY,), ""))["access_token"])

    def consent(self, answer: str = "grant", granted: Iterable[str] | None = None) -> None:
        """What the user says on the consent page: grant (only the scopes `granted`), or deny."""
        self._service.tokens.consent = answer
        self._service.tokens.granted = None if granted is None else tuple(granted)

    def revoke(self, user: str) -> None:
        """The user takes back what was ever allowed."""
        tokens = self._service.tokens
        for kept in (tokens.refresh, tokens.access):
            for token in [token for token, grant in kept.items() if grant.user == user]:
                tokens.revoke(token)

    def advance(self, seconds: float) -> None:
        """Sets the clock of tokens and of `newer_than:` forward: an hour ends access tokens."""
        self._service.tokens.ahead += seconds

    # -- what is in it

    def mailbox(self, user: str) -> Mailbox:
        """The user's mailbox, which is made if there is none."""
        if user not in self._service.boxes:
            self._service.boxes[user] = Mailbox(user)
            self._service.tokens.user = self._service.tokens.user or user
        return self._service.boxes[user]

    def shift_pages(self, shifting: bool = True) -> None:
        """Has pages cut by number, so that what comes or goes moves mails from page to page."""
        self._service.pages.shifting = shifting

    def thin_pages(self, thin: bool = True) -> None:
        """Has pages hold fewer than was asked for; of four, one has nothing but the next token."""
        self._service.pages.thin = thin

    def pack(self, packing: bool = True) -> None:
        """Compresses answers where Accept-Encoding and User-Agent both say gzip."""
        self._service.packing = packing

    def expire_pages(self) -> None:
        """No page token is good any more."""
        self._service.pages.expire()

    def expire_attachments(self) -> None:
        """No attachment id is good any more."""
        self._service.attachments.expire()

    # -- what goes wrong

    def fault(
        self,
        what: str | int,
        method: str = "*",
        *,
        reason: str = "",
        retry_after: str | int | None = None,
        seconds: float | None = None,
        **when: Any,
    ) -> None:
        """Spoils calls: `what` as in faults.py, `when` as in occasions.py (at, times, every, …)."""
        made = Fault(str(what), Occasion(method, **when), reason, retry_after, seconds)
        self._service.faults.append(made)

    def quota(self, **settings: Any) -> None:
        """Turns quotas on, with the settings of `Quota`; buckets are full."""
        self._service.quota = Quota(**settings)

    def no_quota(self) -> None:
        self._service.quota = None

    def mend(self) -> None:
        """Takes away all faults, hooks and quotas."""
        self._service.faults.clear()
        self._service.hooks.clear()
        self._service.quota = None

    def hook(
        self,
        method: str,
        at: int,
        do: Callable[[dict[str, Any]], object],
        *,
        after: bool = False,
        **when: Any,
    ) -> None:
        """Calls `do` at the `at`-th call of that method, before it is looked at (or `after`).

        The call waits for it. Before the second messages.list is between two pages.
        """
        self._service.hooks.append(Hook(Occasion(method, at, **when), do, after))

    # -- what was asked

    def counts(self) -> dict[str, int]:
        """Calls by method, parts of batches among them; the batches themselves are `batch`."""
        return dict(self._service.counts)

    def requests(self) -> int:
        """HTTP requests, a batch as one."""
        return self._service.requests

    def connections(self) -> int:
        return self._before + self._wire.connections

    def units(self, user: str) -> int:
        """Quota units of the user's calls that were answered well, quotas turned on or not."""
        return self._service.units[user]

    def log(self) -> list[dict[str, Any]]:
        """The last 200,000 calls: number, part, method, id, query, user, status; at (monotonic)."""
        return [call.told() for call in list(self._service.log)]

    def forget(self) -> None:
        """Begins all counts and the log anew."""
        self._service.counts.clear()
        self._service.units.clear()
        self._service.log.clear()
        self._service.requests = 0
        self._before = -self._wire.connections

    def problems(self) -> list[BaseException]:
        """What hooks, or the emulator itself, have raised; `serve` raises the first at its end."""
        return list(self._service.problems)

    # -- its life

    def stop(self) -> None:
        """Is away: who comes is refused."""
        self._before += self._wire.connections
        self._wire.connections = 0
        self._wire.close()

    def is_stopped(self) -> bool:
        """Whether `stop` is over, for who had a hook do it."""
        return self._wire.is_closed

    def start(self) -> None:
        """Is back after `stop`, at the same address, with all that it had."""
        self._wire = Wire(self._service.handle, self._port)
