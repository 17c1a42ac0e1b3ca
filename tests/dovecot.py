"""A dovecot of the tests' own, where one is installed: on loopback, with TLS, without rights."""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, NoReturn

CONFIGURATION = Path(__file__).with_suffix(".conf")
PR_SET_PDEATHSIG = 1
START_SECONDS = 60
PASSWORD = "s3cret-word"
VERSION = "2.3."
"""That of Debian 12; the next one has another kind of configuration."""
USERS = ("nobody", "daemon")


def program() -> Path | None:
    """The server with its IMAP part: of PATH, or where Debian puts it."""
    for found in (shutil.which("dovecot"), "/usr/sbin/dovecot"):
        imap = (Path("/usr/lib/dovecot/imap"), Path("/usr/libexec/dovecot/imap"))
        if found and Path(found).is_file() and any(each.is_file() for each in imap):
            return Path(found)
    return None


@dataclass
class Dovecot:
    """A server that ends with this process; whoever logs in has a Maildir of that name.

    `capability` replaces what the server says that it can do; `tokeninfo` is a URL that knows
    which access tokens are good. Names of mailboxes begin with `prefix`, and have `separator`
    between their parts; names in a namespace that all share begin with `shared`.
    """

    folder: Path
    server: Path
    capability: str = ""
    tokeninfo: str = ""
    prefix: str = ""
    separator: str = "/"
    shared: str = ""
    port: int = 0
    tls_port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def ca(self) -> Path:
        """The certificate by which the server is known."""
        return self.folder / "server.pem"

    def start(self) -> None:
        """Write its configuration and wait until it answers."""
        self._make_certificate()
        self.port, self.tls_port = _free_port(), _free_port()
        user = _user()
        (self.folder / "oauth.conf").write_text(
            f"tokeninfo_url = {self.tokeninfo}\nusername_attribute = email\n"
            "active_attribute = active\nactive_value = yes\n"
        )
        (self.folder / "dovecot.conf").write_text(self._configuration(user))
        (self.folder / "log").touch()
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        self._process = self._run(user)
        self._wait()

    def stop(self) -> None:
        """End it and everybody who is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(START_SECONDS)
            self._process = None

    def _run(self, user: pwd.struct_passwd) -> subprocess.Popen[bytes]:
        other: dict[str, Any] = {}
        if os.geteuid() == 0:
            other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        with open(self.folder / "log", "ab") as log:
            return subprocess.Popen(
                [self.server, "-F", "-c", self.folder / "dovecot.conf"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - calls one function of C
                **other,
            )

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as peer:
                    if peer.recv(4) == b"* OK":
                        return
            except OSError:
                pass
            if (
                time.monotonic() > until
                or self._process is None
                or self._process.poll() is not None
            ):
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)

    def _make_certificate(self) -> None:
        """One for localhost, signed by itself: it is its own authority."""
        command = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        )
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        files = ["-keyout", self.folder / "server.key", "-out", self.ca]
        subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)

    def _configuration(self, user: pwd.struct_passwd) -> str:
        mechanisms = "plain login" + (" xoauth2 oauthbearer" if self.tokeninfo else "")
        return Template(CONFIGURATION.read_text()).substitute(
            folder=self.folder,
            user=user.pw_name,
            group=grp.getgrgid(user.pw_gid).gr_name,
            uid=user.pw_uid,
            gid=user.pw_gid,
            password=PASSWORD,
            port=self.port,
            tls_port=self.tls_port,
            separator=self.separator,
            prefix=self.prefix,
            capability=f"imap_capability = {self.capability}" if self.capability else "",
            mechanisms=mechanisms,
            oauth=self._oauth() if self.tokeninfo else "",
            shared=self._shared() if self.shared else "",
        )

    def _oauth(self) -> str:
        return (
            f"passdb {{\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n"
            f" args = {self.folder}/oauth.conf\n}}"
        )

    def _shared(self) -> str:
        return (
            f"namespace shared {{\n type = public\n separator = {self.separator}\n"
            f" prefix = {self.shared}\n location = maildir:{self.folder}/shared:LAYOUT=fs\n"
            " subscriptions = no\n list = yes\n}"
        )


@contextmanager
def dovecots(absent: Callable[[str, str], NoReturn]) -> Iterator[Callable[..., Dovecot]]:
    """What starts servers, which end with the block; `absent` is told where there is none."""
    server = program()
    if server is None:
        absent("dovecot", "neither in PATH nor in /usr/sbin is there one with its IMAP part")
    version = subprocess.run([server, "--version"], check=True, capture_output=True, text=True)
    if not version.stdout.startswith(VERSION):
        absent("dovecot", f"this is {version.stdout.split()[0]}, not {VERSION}*")
    with ExitStack() as ending:

        def start(**settings: str) -> Dovecot:
            folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="dataq-imap-"))
            made = Dovecot(Path(folder), server, **settings)
            made.start()
            ending.callback(made.stop)
            return made

        yield start


def _user() -> pwd.struct_passwd:
    """Who runs the server: not root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    names = {entry.pw_name for entry in pwd.getpwall()}
    return pwd.getpwnam(next(name for name in USERS if name in names))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
