"""The sensor of a source that asks its plugin what has changed."""

import time

import dagster as dg

from dataq_assets.components.extraction_run import at_work, extraction_run
from dataq_resources.lake import HomeResource
from dataq_resources.sources import SourceConfig, plugin_spec
from dataq_resources.triggers import ChangesSetting


def change_sensor(source: SourceConfig) -> dg.SensorDefinition:
    """<name>_changes: runs by itself unless the source says `changes: off`.

    A plain plugin cannot say what has changed: its sensor runs if the source asks for it.
    """
    setting = source.changes or ChangesSetting(enabled=source.protocol == "v1")
    status = dg.DefaultSensorStatus.RUNNING if setting.enabled else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name=f"{source.name}_changes",
        target=dg.AssetSelection.assets(f"raw_{source.name}"),
        minimum_interval_seconds=setting.every,
        default_status=status,
        description=f"Asks {source.name} which windows have changed, and has them extracted.",
    )
    def changes(
        context: dg.SensorEvaluationContext, home: HomeResource
    ) -> dg.SensorResult | dg.SkipReason:
        from dataq_assets.looking import asked_before, look, question_of
        from dataq_assets.watching import watcher_of

        if run := at_work(context.instance, source.name):
            return dg.SkipReason(f"run {run.run_id} is at work on it")
        watcher = watcher_of(plugin_spec(source)) if setting.watch else None
        if watcher and watcher.is_quiet:
            return dg.SkipReason("nothing has come while it was watched")
        begun = time.monotonic()
        if watcher:
            watcher.begin()
        news = look(home.lake, source, setting.seconds)
        if news.is_empty:
            if watcher:
                watcher.saw_nothing(begun)
            return dg.SkipReason("nothing has changed")
        before = asked_before(context.cursor)
        asked = before.next(question_of(home.lake, news), time.time())
        if asked is None:
            return dg.SkipReason(f"the same was asked for in vain {before.times + 1} times: later")
        config = {"everything": news.everything}
        runs = [
            extraction_run(source, "change", windows, config, asked.key(source.name, *windows))
            for windows in news.clusters
        ]
        return dg.SensorResult(runs, cursor=asked.text())

    return changes
