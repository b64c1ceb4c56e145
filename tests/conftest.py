"""For every kind of test: how hypothesis behaves, and that CI skips nothing.

Hypothesis has no deadlines: a busy machine is not a defect. In CI it takes a hundred examples, the same in
each run, so that a failing test fails until it is mended. Elsewhere it takes a quarter as many, new ones each
run.
"""

import os
from collections.abc import Generator

import hypothesis
import pytest

from tests.support.examples import examples

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("here", deadline=None, max_examples=examples(100))
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is missing on CI's machine must not look like a passed test."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself as a whole."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
