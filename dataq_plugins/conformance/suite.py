"""Runs every check in dataq_plugins/conformance/checks against one command."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from dataq_plugins.conformance import checks
from dataq_plugins.conformance.parcel import Parcel
from dataq_plugins.conformance.report import Outcome, Report, Result
from dataq_plugins.conformance.session import Failed, Session, Skipped
from dataq_plugins.errors import PluginError
from dataq_plugins.host.probe import probe
from dataq_plugins.host.secrets import resolve_config
from dataq_plugins.host.spec import Limits, Protocol

Check = Callable[[Session], None]
Kind = Literal["source", "destination"]
ONLY: dict[str, Kind] = {
    "extraction": "source",
    "windows": "source",
    "delivery": "destination",
}
"""The modules that are for one kind of plugin."""
SECONDS = 15.0


def check_plugin(
    argv: Sequence[str],
    config: Mapping[str, str] | None = None,
    *,
    protocol: Protocol | None = None,
    seconds: float = SECONDS,
    environment: Sequence[str] = (),
    parcel: Parcel | None = None,
) -> Report:
    """Return the report on a command with settings that work, over a source that stands still.

    `seconds` is how long the plugin may be silent. Without `protocol` the command is probed. The
    source should be small, have something in it, and is read about twenty times. A destination
    gets the rows of `parcel`, about fifty times.
    """
    resolved, _ = resolve_config(config or {})
    limits = Limits(silence_seconds=seconds, run_seconds=seconds * 10)
    try:
        speaks = protocol or probe(argv, resolved, limits, environment)
    except PluginError as error:
        failed = Result("start", "it starts and speaks the protocol", "failed", error.reason)
        return Report(tuple(argv), "", "unknown", (failed,))
    with Session(argv, resolved, limits, environment, parcel) as session:
        plugin, kind = _who(session) if speaks == "v1" else ("", "source")
        results = tuple(_run(check, session) for check in find_checks(speaks, kind))
    return Report(tuple(argv), plugin, speaks, results)


def assert_conforms(
    argv: Sequence[str],
    config: Mapping[str, str] | None = None,
    *,
    protocol: Protocol | None = None,
    seconds: float = SECONDS,
    environment: Sequence[str] = (),
    parcel: Parcel | None = None,
) -> None:
    """Raise AssertionError with the report unless the plugin keeps every promise."""
    report = check_plugin(
        argv,
        config,
        protocol=protocol,
        seconds=seconds,
        environment=environment,
        parcel=parcel,
    )
    if not report.ok:
        raise AssertionError(report.text())


def find_checks(protocol: Protocol, kind: Kind = "source") -> Iterator[Check]:
    """Yield the functions `check_*` of the modules in checks/ for this protocol and kind.

    Those of plain.py are for plain plugins and nobody else.
    """
    for found in sorted(pkgutil.iter_modules(checks.__path__), key=lambda m: m.name):
        if (found.name == "plain") == (protocol == "plain") and ONLY.get(found.name, kind) == kind:
            module = importlib.import_module(f"{checks.__name__}.{found.name}")
            yield from (value for name, value in vars(module).items() if name.startswith("check_"))


def _run(check: Check, session: Session) -> Result:
    name = check.__name__.removeprefix("check_")
    promise = (check.__doc__ or "").partition("\n")[0].rstrip(".")
    began = time.monotonic()
    outcome: Outcome = "passed"
    detail = ""
    try:
        check(session)
    except Skipped as reason:
        outcome, detail = "skipped", str(reason)
    except Failed as reason:
        outcome, detail = "failed", str(reason)
    except Exception as error:  # noqa: BLE001 (the plugin sent what no check is prepared for)
        outcome, detail = "failed", f"it sent what cannot be read: {type(error).__name__}: {error}"
    return Result(name, promise, outcome, detail, round(time.monotonic() - began, 3))


def _who(session: Session) -> tuple[str, Kind]:
    try:
        told = session.ask("describe").description
    except Failed:
        return "", "source"
    return told.id, "destination" if "deliver" in told.capabilities else "source"
