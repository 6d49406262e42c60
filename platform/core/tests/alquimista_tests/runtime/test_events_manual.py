"""``docs/events.md`` is what the declarations say."""

from __future__ import annotations

from pathlib import Path

import pytest

from alquimista.runtime.admission import admit_all, installed
from alquimista.runtime.core_events import CORE_EVENTS
from alquimista.runtime.events_manual import main, render
from alquimista_sdk.manifest import Manifest

PAGE = Path(__file__).resolve().parents[5] / "docs" / "events.md"


def manifests() -> list[Manifest]:
    """The manifests of the installed agents."""
    return [agent.manifest for agent in admit_all(installed()).admitted.values()]


def test_the_page_is_as_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(manifests()), "run: make docs"


def test_the_page_does_not_depend_on_the_order_of_agents() -> None:
    assert render(manifests()) == render(reversed(manifests()))


def test_it_is_written_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


def test_every_event_says_what_it_tells_of_what_and_with_which_facts() -> None:
    declared = [item for manifest in manifests() for item in manifest.publications]
    assert len(declared) >= 17
    for item in (*declared, *CORE_EVENTS.values()):
        assert item.description.endswith((".", ")")), item.name
        assert item.subject is not None, item.name
        assert item.metadata["properties"], item.name
        assert set(item.metadata["required"]) <= set(item.metadata["properties"]), item.name


def test_every_event_has_a_line_and_a_section() -> None:
    page = render(manifests())
    for item in CORE_EVENTS.values():
        assert page.count(f"`{item.name}`") == 2
