"""A Gmail account: its cost against a folder of mails, how near the quota, how few requests."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.command import DATAQ, BenchFailed
from benchmarks.command import run as command
from benchmarks.homes import count, dataq_run
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import Setting, corpus
from benchmarks.trees import mails
from dataq_plugins.host import PluginProcess, PluginSpec
from dataq_plugins.registry import argv_for

if TYPE_CHECKING:
    from tests.emulators.gmail import Gmail
    from tests.emulators.gmail.mailboxes import Mailbox

USER = "ana@example.org"
MAILS, QUOTA_MAILS, LISTED = 2_000, 3_000, 20_000
PAGE, BATCH, CHANGED = 500, 100, 0.01
UNITS, UNITS_EACH = 250.0, 5
BURST_MAILS = UNITS / UNITS_EACH
"""What is there to be spent at the beginning is no rate."""
FEW = 3
"""A token, whose mailbox it is, and what changed meanwhile."""


def run(setting: Setting) -> list[Measure]:
    """Return the processor time of a first run, the rate under the quota, and two of requests."""
    return [_cost(setting), _rate(setting), *_requests(setting)]


def _cost(setting: Setting) -> Measure:
    amount = setting.scaled(MAILS, 50)
    kind = "mails of the corpus" if corpus() else "made-up mails"
    with setting.folder("gmail") as folder, _emulated() as gmail:
        mails(folder / "tree", amount)
        found = [path.read_bytes() for path in sorted((folder / "tree").rglob("*.eml"))]
        box = gmail.mailbox(USER)
        box.fill([(each, ("INBOX",)) for each in found])
        box.prepare()
        token = folder / "token.json"
        token.write_text(json.dumps(gmail.authorized_user(USER)))
        ours = {**_config(gmail), "token": f"file:{token}"}
        theirs = {"root": str(folder / "tree")}
        pairs = paired(
            setting.runs,
            lambda: _first_run(folder / "a", "gmail", ours, len(found)),
            lambda: _first_run(folder / "b", "mailboxes", theirs, len(found)),
        )
    return pairs.times_as_long(
        "Gmail, first run",
        Bar(1.3, "most"),
        f"Processor time of `dataq run` with all its processes, the emulator's not counted: "
        f"{len(found):,} {kind} from an account without a quota, against the same as a folder of "
        "`.eml` files.",
    )


def _first_run(home: Path, plugin: str, config: dict[str, str], amount: int) -> float:
    words = [word for name, value in config.items() for word in ("--config", f"{name}={value}")]
    add = [*DATAQ, "sources", "add", "mail", "--plugin", plugin, *words]
    command(add, env={"DATAQ_HOME": str(home)})
    cpu = dataq_run(home).cpu
    if (got := count(home, "raw")) != amount:
        raise BenchFailed(f"{got} of {amount} mails were archived from {plugin}")
    shutil.rmtree(home)
    return cpu


def _rate(setting: Setting) -> Measure:
    from tests.emulators.gmail import letters

    amount = setting.scaled(QUOTA_MAILS, 300)
    with _emulated() as gmail:
        box = gmail.mailbox(USER)
        box.fill((raw, ("INBOX",)) for raw, _ in letters(amount))
        box.prepare()
        rates, refused = [], []
        for _ in range(min(2, setting.runs)):
            gmail.forget()
            gmail.quota()
            begun = time.perf_counter()
            _extract(gmail, amount, units_per_second=str(UNITS))
            rates.append((amount - BURST_MAILS) / (time.perf_counter() - begun))
            refused.append(gmail.counts()["messages.get"] - amount)
    shares = tuple(rate * UNITS_EACH / UNITS for rate in rates)
    return Measure(
        "Gmail, rate under the quota",
        median(shares),
        "%",
        Bar(0.9, "least"),
        f"{median(rates):.1f} mails/s",
        f"{UNITS / UNITS_EACH:.0f} mails/s",
        shares,
        f"{amount:,} mails from an account that refuses what is over {UNITS:.0f} units a second, "
        f"of which one second's may be saved up (not counted here). {max(refused):,} mails were "
        "refused at first. Lists, the token and the start of the process are in the time.",
    )


def _requests(setting: Setting) -> Iterator[Measure]:
    from tests.emulators.gmail import letters

    amount = setting.scaled(LISTED, 2_000)
    with _emulated() as gmail:
        box = gmail.mailbox(USER)
        box.fill((raw, ("INBOX",)) for raw, _ in letters(amount))
        gmail.forget()
        state = _extract(gmail, amount)
        least = _pages(amount, PAGE) + _pages(amount, BATCH) + FEW
        yield _requested("Gmail, requests of a first run", gmail, least, 1.1, f"{amount:,} mails")
        changed = round(amount * CHANGED)
        _change(box, changed)
        gmail.forget()
        _extract(gmail, changed, state)
        least = _pages(changed, PAGE) + _pages(changed, BATCH) + 1
        what = f"1 % of {amount:,} mails new or labelled"
        yield _requested("Gmail, requests after 1 % changed", gmail, least, 1.2, what)


def _requested(name: str, gmail: Gmail, least: int, bar: float, what: str) -> Measure:
    requests = gmail.requests()
    return Measure(
        name,
        requests / least,
        "×",
        Bar(bar, "most"),
        f"{requests}",
        f"{least}",
        (),
        f"{what}, `discover` and `extract`, against the fewest: ids and history {PAGE} a page, "
        f"mails {BATCH} a batch, a token; at first also whose mailbox it is, and its history.",
    )


def _change(box: Mailbox, amount: int) -> None:
    for each in box.ids()[:: max(1, len(box.ids()) // (amount // 2))][: amount // 2]:
        box.modify(each, add=["STARRED"])
    for number in range(amount - amount // 2):
        box.add(f"From: a@example.org\nSubject: late {number}\n\nlate\n".encode())


def _extract(gmail: Gmail, expected: int, state: bytes | None = None, **more: str) -> bytes:
    """Look for windows and extract, as a run does; return the state."""
    token = json.dumps(gmail.authorized_user(USER))
    config = {**_config(gmail), "token": token, **more}
    with PluginProcess(PluginSpec("bench", argv_for("gmail"), config)) as plugin:
        plugin.discover(state, "monthly")
        got = 0
        for batch in plugin.extract(None, state, False):
            got += len(batch.items)
            state = batch.state or state
    if got != expected or state is None:
        raise BenchFailed(f"{got} of {expected} mails came")
    return state


def _config(gmail: Gmail) -> dict[str, str]:
    return {"account": USER, "endpoint": gmail.url(), "units_per_second": "0"}


def _pages(amount: int, size: int) -> int:
    return -(-amount // size)


@contextmanager
def _emulated() -> Iterator[Gmail]:
    from tests.emulators.gmail import serve_apart

    with serve_apart() as gmail:
        yield gmail
