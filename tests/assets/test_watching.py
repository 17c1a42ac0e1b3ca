"""A source that tells of changes is not looked at until it does, and no tick waits for it."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets import watching
from dataq_assets.definitions import build
from dataq_assets.watching import Watcher, end_watching, watcher_of
from dataq_plugins.host import PluginSpec
from dataq_resources.home import Home
from dataq_resources.lake import HomeResource
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting
from tests.dovecot import Dovecot
from tests.plugins.accounts import ARGV, Account, mail


@pytest.fixture
def account(dovecot: Dovecot) -> Iterator[Account]:
    made = Account(dovecot, f"u{uuid.uuid4().hex[:12]}")
    made.add(mail(1))
    yield made
    made.close()


@pytest.fixture
def watcher(account: Account) -> Iterator[Watcher]:
    made = Watcher(PluginSpec("post", ARGV, account.settings()))
    yield made
    made.end()


def expect(wanted: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not wanted():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def quiet(watcher: Watcher) -> bool:
    watcher.saw_nothing(time.monotonic())
    return watcher.is_quiet


def test_it_is_quiet_until_something_changes(account: Account, watcher: Watcher) -> None:
    assert not quiet(watcher)
    watcher.begin()
    expect(lambda: quiet(watcher))
    account.add(mail(2))
    expect(lambda: not watcher.is_quiet)
    assert not quiet(watcher)
    watcher.begin()
    expect(lambda: quiet(watcher))


def test_a_look_from_before_it_watched_does_not_count(watcher: Watcher) -> None:
    before = time.monotonic()
    watcher.begin()
    expect(lambda: quiet(watcher))
    watcher.saw_nothing(before)
    assert not watcher.is_quiet


def test_it_is_looked_at_again_after_a_while_all_the_same(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher.begin()
    expect(lambda: quiet(watcher))
    monkeypatch.setattr(watching, "TRUSTED_SECONDS", 0.0)
    assert not quiet(watcher)


@pytest.mark.parametrize("argv", [(sys.executable, "-c", "raise SystemExit(3)"), None])
def test_one_that_cannot_watch_is_not_quiet_and_rests(
    argv: tuple[str, ...] | None, account: Account, tmp_path: Path
) -> None:
    config = account.settings(password="wrong") if argv is None else {}
    watcher = Watcher(PluginSpec("post", argv or ARGV, config))
    watcher.begin()
    expect(lambda: watcher._rest_until > 0)
    watcher.end()
    thread = watcher._thread
    assert not quiet(watcher)
    watcher.begin()
    assert watcher._thread is thread


def test_other_settings_are_watched_by_another(account: Account) -> None:
    one = watcher_of(PluginSpec("post", ARGV, account.settings()))
    assert watcher_of(PluginSpec("post", ARGV, account.settings())) is one
    one.begin()
    expect(lambda: quiet(one))
    other = watcher_of(PluginSpec("post", ARGV, account.settings(skip=["junk"])))
    assert other is not one
    assert not one.is_quiet
    end_watching()


def test_the_sensor_looks_only_when_something_has_come(
    home: Path, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(home)
    place.prepare()
    monkeypatch.setenv("POST_PASSWORD", account.settings()["password"])
    config = account.settings(password="env:POST_PASSWORD", include=["Work"])
    changes = ChangesSetting(every=5, watch=True)
    write_source(place, SourceConfig(name="post", plugin="imap", config=config, changes=changes))
    (sensor,) = [each for each in build(place).sensors or () if each.name == "post_changes"]
    assert isinstance(sensor, dg.SensorDefinition)
    account.create("Work")

    def tick() -> str | None:
        context = dg.build_sensor_context(instance, resources={"home": resource})
        told = sensor.evaluate_tick(context)
        return None if told.run_requests else told.skip_message

    resource = HomeResource(path=str(home))
    with dg.DagsterInstance.ephemeral() as instance:
        assert tick() == "nothing has changed"
        expect(lambda: tick() == "nothing has come while it was watched")
        assert tick() == "nothing has come while it was watched"
        account.add(mail(2), box="Work")
        expect(lambda: tick() is None)
    end_watching()
