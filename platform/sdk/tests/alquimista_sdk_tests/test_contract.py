"""The contract tests hold good agents to be good, and find each fault."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from alquimista_sdk.errors import ManifestInvalid
from alquimista_sdk.models import Lead
from alquimista_sdk.testing import TwinContext, load_manifest, make_event
from alquimista_sdk.testing.contract import AgentContractTests as Contract
from alquimista_sdk_tests.manifests import BASE, OPERATION, PUBLISHES, scopes
from alquimista_sdk_tests.test_twin import LEAD

GOOD_MANIFEST = (
    BASE
    + scopes("leads:read", "leads:write", "events:publish", "tools:calendar.availability")
    + '\n[[subscriptions]]\nname = "a"\n'
    + 'pattern = { source = ["x"], detail = { context = { source = [{ prefix = "w" }] } } }\n'
    + PUBLISHES
    + OPERATION
)
GOOD_CODE = """
from alquimista_sdk import AgentContext, AgentEvent, Subject, hookimpl
from alquimista_sdk.context import Events
from alquimista_sdk.models import LeadChanges

DONE = "done"
TOOL: str = "calendar.availability"


@hookimpl
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    leads = context.leads
    leads.get(event.subject.id)
    busy = context.tools.call(TOOL, {})
    leads.update(event.subject.id, LeadChanges(metadata={"id": str(context.new_id("a"))}))
    _say(context.events, event.subject)


def _say(events: Events, subject: Subject) -> None:
    events.publish(DONE, subject, decision="feito")


@hookimpl
def agent_invoke(operation, payload, context):
    return {"n": payload["n"] * 2}
"""
Build = Callable[..., Contract]
numbers = itertools.count()


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    """Makes a package of its own name for each agent, and its contract tests."""
    made: list[str] = []
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(code: str = GOOD_CODE, manifest: str = GOOD_MANIFEST, **attributes: Any) -> Contract:
        slug = f"exemplo_contrato_{next(numbers)}"
        made.append(slug)
        folder = tmp_path / slug
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "agent.py").write_text(code)
        (folder / "agent.toml").write_text(manifest.replace("exemplo_total", slug))
        importlib.invalidate_caches()
        module = importlib.import_module(f"{slug}.agent")
        return subclass(module, **attributes)()

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] in made]:
        del sys.modules[name]


def subclass(module: ModuleType, **attributes: Any) -> type[Contract]:
    def event_examples(self: Contract) -> list[Any]:
        twin = TwinContext(load_manifest(module.__name__.partition(".")[0]))
        twin.store.add(Lead(LEAD, "Padaria Sol", "novo"))
        twin.answer_tool("calendar.availability", {"ocupados": []})
        return [(make_event("x.y", LEAD), twin)]

    body: dict[str, Any] = {
        "module": module,
        "operation_examples": {"exemplo.dobrar": [{"n": 2}]},
        "event_examples": event_examples,
    }
    return type("Contract", (Contract,), body | attributes)


TESTS = sorted(name for name in vars(Contract) if name.startswith("test_"))


@pytest.mark.parametrize("name", TESTS)
def test_a_good_agent_passes_every_test(build: Build, name: str) -> None:
    assert getattr(build(), name)() is None


def code(old: str, new: str) -> dict[str, Any]:
    assert old in GOOD_CODE
    return {"code": GOOD_CODE.replace(old, new)}


def manifest(old: str, new: str) -> dict[str, Any]:
    assert old in GOOD_MANIFEST
    return {"manifest": GOOD_MANIFEST.replace(old, new, 1)}


HOOKS = "test_the_hooks_are_plain_functions_of_the_specification"
SAME = "test_the_manifest_and_the_hooks_say_the_same"
PATTERN = "test_every_subscription_is_an_event_pattern"
SCOPED = "test_every_service_that_is_used_has_its_scope"
VAIN = "test_no_scope_is_asked_for_in_vain"
LISTED = "test_only_listed_events_are_published"
IMPORTS = "test_the_package_imports_nothing_of_the_platform_but_the_sdk"
OPERATIONS = "test_operations_answer_within_their_schemas"
EFFECTS = "test_the_same_event_has_the_same_effects"
RETRY = "test_a_retry_after_a_crash_changes_nothing"
HANDLE = "@hookimpl\ndef agent_handle_event("
RANDOM = 'str(__import__("uuid").uuid4())'


@pytest.mark.parametrize(
    ("arguments", "name", "message"),
    [
        (code(HANDLE, "def agent_handle_event("), HOOKS, "decorate it with"),
        (code(HANDLE, "@hookimpl\nasync def agent_handle_event("), HOOKS, "remove async"),
        (code(HANDLE, "@hookimpl(tryfirst=True)\ndef agent_handle_event("), HOOKS, "tryfirst"),
        (code("agent_handle_event(", "agent_on_event("), HOOKS, "agent_on_event is no hook"),
        (code("event: AgentEvent, context", "ev: AgentEvent, context"), HOOKS, "not ev"),
        (code("    _say(context.events, event.subject)\n", "    yield 1\n"), HOOKS, "not yield"),
        ({"code": "x = 1\n"}, HOOKS, "implements no hook"),
        (code("def agent_handle_event(", "def handle("), SAME, "implement agent_handle_event"),
        (code("def agent_invoke(", "def invoke("), SAME, "implement agent_invoke"),
        (manifest('["x"]', '"x"'), PATTERN, r"subscriptions\.a\.source: a list"),
        (manifest('["x"]', "[]"), PATTERN, "the list is empty"),
        (manifest('[{ prefix = "w" }]', "{}"), PATTERN, "an empty table"),
        (manifest('"leads:read"', '"leads:claim"'), SCOPED, "needs the scope 'leads:read'"),
        (manifest('"events:publish"', '"state:read"'), SCOPED, "context.events.publish"),
        (manifest('"tools:calendar.availability"', '"tools:x"'), SCOPED, "calendar.availability"),
        (code("call(TOOL,", "call(TOOL + TOOL,"), SCOPED, "a literal or a constant"),
        (manifest('"leads:read"', '"leads:claim"'), VAIN, "'leads:claim' is declared but not"),
        ({"unused_scopes": {"leads:read": "x"}}, VAIN, "used or not declared"),
        (manifest("exemplo.total.done", "exemplo.total.other"), LISTED, "list exemplo.total.done"),
        (code("DONE =", "import alquimista\nDONE ="), IMPORTS, "alquimista"),
        ({"operation_examples": {}}, OPERATIONS, "no example of exemplo.dobrar"),
        (code('payload["n"] * 2', RANDOM), OPERATIONS, "answers the same payload differently"),
        ({"event_examples": lambda self: ()}, EFFECTS, "one for each event"),
        (code('str(context.new_id("a"))', RANDOM), EFFECTS, "equal run differs in leads"),
        (code('str(context.new_id("a"))', RANDOM), RETRY, "after a crash differs in leads"),
    ],
)
def test_a_faulty_agent_fails_where_its_fault_is(
    build: Build, arguments: dict[str, Any], name: str, message: str
) -> None:
    if "import alquimista\n" in arguments.get("code", ""):
        sys.modules.setdefault("alquimista", ModuleType("alquimista"))
    contract = build(**arguments)
    with pytest.raises(AssertionError, match=message):
        getattr(contract, name)()


def test_an_agent_with_another_name_than_its_package_fails(build: Build) -> None:
    contract = build(manifest=GOOD_MANIFEST.replace("exemplo_total", "exemplo_outro"))
    with pytest.raises(AssertionError, match="must be one name"):
        contract.test_the_manifest_is_valid_and_named_as_the_package()


def test_a_scope_that_is_not_seen_in_the_source_may_be_reasoned(build: Build) -> None:
    more = GOOD_MANIFEST + scopes("state:read")
    contract = build(manifest=more, unused_scopes={"state:read": "lido por reflexão"})
    contract.test_no_scope_is_asked_for_in_vain()
    contract = build(manifest=more, unused_scopes={"state:read": " "})
    with pytest.raises(AssertionError, match="state:read"):
        contract.test_no_scope_is_asked_for_in_vain()


def test_the_manifest_of_a_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(ManifestInvalid, match="is not installed"):
        load_manifest("exemplo_nada")
    with pytest.raises(ManifestInvalid, match="missing from the package"):
        load_manifest("alquimista_sdk")
