"""Proves a plugin, in any language: `assert_conforms(argv, config)` is a whole test."""

from dataq_plugins.conformance.parcel import Parcel
from dataq_plugins.conformance.report import Report, Result
from dataq_plugins.conformance.suite import assert_conforms, check_plugin

__all__ = ["Parcel", "Report", "Result", "assert_conforms", "check_plugin"]
