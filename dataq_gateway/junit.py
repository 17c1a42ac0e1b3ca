"""The results of checks as JUnit XML, which CI servers show.

Format: https://github.com/testmoapp/junitxml: a suite for each asset, a case for each check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dataq_gateway.output import dumps

if TYPE_CHECKING:
    from dataq_assets.runs import Outcome
    from dataq_assets.runs.outcome import Checked, Failure
    from dataq_assets.stages.deep_check import Finding

Element = ET.Element

# What XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(outcome: Outcome, findings: Iterable[Finding] = (), strict: bool = False) -> str:
    """The XML text: a failed check of severity error is a failure, with `strict` also a warning.

    What kept checks from looking is an error; each finding of --deep is a case that failed.
    """
    root = Element("testsuites", name="dataq check")
    by_asset = sorted(outcome.checks, key=lambda each: (each.asset, each.check))
    for asset, checks in groupby(by_asset, key=lambda each: each.asset):
        root.append(_suite(asset, [_checked(each, strict) for each in checks]))
    told = {f"{each.asset}: {each.check}" for each in outcome.checks}
    others = [each for each in outcome.failures if each.where not in told]
    if others:
        root.append(_suite("run", [_broken(each) for each in others]))
    found = [_found(each) for each in findings]
    if found:
        root.append(_suite("deep", found))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.attrib[name]) for suite in root)))
    root.set("time", f"{sum(each.seconds for each in outcome.checks):.4f}")
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"


def _suite(name: str, cases: Sequence[Element]) -> Element:
    suite = Element("testsuite", name=name, tests=str(len(cases)), skipped="0")
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.4f}")
    suite.set("timestamp", datetime.now(UTC).isoformat(timespec="seconds"))
    suite.extend(cases)
    return suite


def _checked(check: Checked, strict: bool) -> Element:
    case = Element("testcase", classname=check.asset, name=check.check)
    case.set("time", f"{check.seconds:.4f}")
    if check.passed:
        return case
    text = _details(check)
    if check.severity == "error" or strict:
        _say(case, "failure", text, type=check.severity, message=check.reason)
    else:
        _say(case, "system-out", f"warning: {check.reason}\n{text}")
    return case


def _details(check: Checked) -> str:
    lines = [check.promise, *(dumps(row, indent=None) for row in check.failing_rows)]
    more = check.failing - len(check.failing_rows)
    return "\n".join([*lines, f"and {more} more rows"] if more > 0 else lines)


def _broken(failure: Failure) -> Element:
    case = Element("testcase", classname="run", name=_clean(failure.where))
    _say(case, "error", failure.reason, type="error", message=failure.reason)
    return case


def _found(finding: Finding) -> Element:
    case = Element("testcase", classname="deep", name=_clean(f"{finding.check}: {finding.place}"))
    _say(case, "failure", finding.advice, type="error", message=finding.reason)
    return case


def _say(case: Element, tag: str, text: str, **attributes: str) -> None:
    said = ET.SubElement(case, tag, {k: _clean(v) for k, v in attributes.items()})
    said.text = _clean(text)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
