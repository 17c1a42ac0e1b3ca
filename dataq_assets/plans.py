"""What a source's YAML says about the gate, in the gate's own terms."""

from __future__ import annotations

from dataclasses import fields

from dataq_assets.stages.judging import GatePlan
from dataq_assets.stages.rule import GateSettings
from dataq_assets.stages.transform import TransformRule
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, load_sources


def gate_plans(home: Home) -> dict[str, GatePlan]:
    """How each source's items are judged, by source."""
    return {source.name: gate_plan(source) for source in load_sources(home)}


def gate_plan(source: SourceConfig) -> GatePlan:
    """How one source's items are judged; settings that no gate knows are refused by `sources`."""
    known = {each.name for each in fields(GateSettings)}
    settings = {name: value for name, value in source.gate.items() if name in known}
    if "disabled" in settings:
        settings["disabled"] = frozenset(settings["disabled"])
    rules = tuple(TransformRule(each.name, each.when) for each in source.transform)
    return GatePlan(GateSettings(**settings), rules)
