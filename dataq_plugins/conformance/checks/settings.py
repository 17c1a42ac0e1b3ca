"""How a plugin takes its settings."""

from __future__ import annotations

from dataq_plugins.conformance.checks.description import described, properties, schema
from dataq_plugins.conformance.session import Session, Skipped, expect
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

WRONG = {"integer": "many", "number": "many", "boolean": "perhaps"}


def check_configure(session: Session) -> None:
    """It accepts settings that work."""
    session.ask("configure").expect_success()


def check_source(session: Session) -> None:
    """It reaches its source when asked to check."""
    if "check" not in described(session).capabilities:
        raise Skipped("it does not offer check")
    session.ask("check").expect_success()


def check_unknown_setting(session: Session) -> None:
    """It refuses a setting that it does not know, by name."""
    _expect_refusal(session, {**session.config, "no_such_setting": "1"}, "no_such_setting")


def check_missing_setting(session: Session) -> None:
    """It refuses to go without a required setting, by name."""
    required = schema(session).get("required", [])
    if not required:
        raise Skipped("it requires no setting")
    for name in required:
        rest = {key: value for key, value in session.config.items() if key != name}
        _expect_refusal(session, rest, name)


def check_wrong_setting(session: Session) -> None:
    """It refuses a setting of the wrong type, by name."""
    typed = {n: s["type"] for n, s in properties(session).items() if s.get("type") in WRONG}
    if not typed:
        raise Skipped("all its settings are text, lists or objects")
    for name, kind in typed.items():
        _expect_refusal(session, {**session.config, name: WRONG[kind]}, name)


def check_settings_again(session: Session) -> None:
    """It works on with good settings after it refused bad ones."""
    session.ask("configure", config={**session.config, "no_such_setting": "1"})
    session.ask("configure").expect_success()


def check_secrets(session: Session) -> None:
    """It does not write its secrets into the log."""
    secret = [n for n, s in properties(session).items() if s.get("writeOnly")]
    values = [session.config[n] for n in secret if len(session.config.get(n, "")) > 3]
    if not values:
        raise Skipped("it was given no secret")
    shown = [line for line in session.log for value in values if value in line]
    expect(not shown, "a secret stands in its log")


def _expect_refusal(session: Session, config: dict[str, str], name: str) -> None:
    answer = session.ask("configure", config=config)
    expect(answer.error, f"it accepted a bad {name!r}")
    expect(answer.error_code == pb.ERROR_CODE_CONFIG, f"{name!r}: error_code is not CONFIG")
    expect(
        answer.error_setting == name,
        f"its error names the setting {answer.error_setting!r}, not {name!r}",
    )
