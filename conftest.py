"""For the tests of every distribution: laws without a deadline, and tests without coverage."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from coverage import Coverage
from hypothesis import Phase, settings

# A loaded machine must not fail a law, and explaining a failure would trace every example.
settings.register_profile(
    "alquimista", deadline=None, phases=[phase for phase in Phase if phase is not Phase.explain]
)
settings.load_profile("alquimista")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test marked ``untraced`` runs without coverage, which doubles the time of most.

    So do the processes that it starts. What such a test reaches, others reach too.
    """
    tracer = Coverage.current()
    if tracer is None or item.get_closest_marker("untraced") is None:
        return (yield)
    tracer.stop()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]:
                patch.delenv(name)
            return (yield)
    finally:
        tracer.start()
