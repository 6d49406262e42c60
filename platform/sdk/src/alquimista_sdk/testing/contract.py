"""The contract that every agent keeps, as tests that its author subclasses."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

import pytest

from alquimista_sdk import hookspecs
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.manifest import MANIFEST_FILE, Manifest
from alquimista_sdk.testing.inspection import Findings, foreign_imports, inspect_package
from alquimista_sdk.testing.running import invoke, load_manifest, package_folder, run
from alquimista_sdk.testing.twin import TwinContext

HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("agent_"))
_FORBIDDEN_OPTIONS = ("wrapper", "hookwrapper", "tryfirst", "trylast", "specname", "optionalhook")

Example = tuple[AgentEvent, TwinContext]


class AgentContractTests:
    """Subclass it, set ``module`` and answer ``event_examples``; sockets are forbidden inside.

    ``skips`` maps the name of a test to the reason why it cannot hold, ``unused_scopes`` a
    declared scope that the source does not visibly use to the reason why it is asked for, and
    ``operation_examples`` an operation's name to payloads that it must answer within its schema.
    """

    module: ClassVar[ModuleType]
    skips: ClassVar[Mapping[str, str]] = {}
    unused_scopes: ClassVar[Mapping[str, str]] = {}
    operation_examples: ClassVar[Mapping[str, Sequence[Mapping[str, Any]]]] = {}

    def event_examples(self) -> Iterable[Example]:
        """Pairs of an event and a twin that is ready for it; the more the better."""
        return ()

    def operation_twin(self) -> TwinContext:
        """A twin that is ready for the ``operation_examples``."""
        return TwinContext(self._manifest())

    @pytest.fixture(autouse=True)
    def _skip_with_a_reason(self, request: pytest.FixtureRequest) -> None:
        name = request.node.originalname
        unknown = [item for item in self.skips if not hasattr(self, item)]
        assert not unknown, f"skips names tests that do not exist: {unknown}"
        if name in self.skips:
            assert self.skips[name].strip(), f"skips[{name!r}] needs a written reason"
            pytest.skip(self.skips[name])

    def test_the_manifest_is_valid_and_named_as_the_package(self) -> None:
        manifest = self._manifest()
        assert manifest.slug == self._package(), (
            f"slug {manifest.slug!r} and package {self._package()!r} must be one name"
        )

    def test_the_hooks_are_plain_functions_of_the_specification(self) -> None:
        found = [name for name in vars(self.module) if name.startswith("agent_")]
        assert found, f"{self.module.__name__} implements no hook"
        for name in found:
            assert name in HOOKS, f"{name} is no hook; the hooks are {', '.join(HOOKS)}"
            _check_hook(name, getattr(self.module, name))

    def test_the_manifest_and_the_hooks_say_the_same(self) -> None:
        manifest = self._manifest()
        if manifest.subscriptions or manifest.schedules:
            assert hasattr(self.module, "agent_handle_event"), (
                "the manifest has subscriptions or schedules: implement agent_handle_event"
            )
        if manifest.operations:
            assert hasattr(self.module, "agent_invoke"), (
                "the manifest has operations: implement agent_invoke"
            )

    def test_every_subscription_is_an_event_pattern(self) -> None:
        for subscription in self._manifest().subscriptions:
            _check_pattern(subscription.pattern, f"subscriptions.{subscription.name}")

    def test_every_service_that_is_used_has_its_scope(self) -> None:
        granted = self._manifest().scope_names
        for use in self._findings().uses:
            assert use.scope is not None, (
                f"{use.place}: {use.call} needs a name that is a literal or a constant"
            )
            assert use.scope in granted, (
                f"{use.place}: {use.call} needs the scope {use.scope!r} in {MANIFEST_FILE}"
            )

    def test_no_scope_is_asked_for_in_vain(self) -> None:
        unused = self._manifest().scope_names - self._findings().scopes
        for scope in sorted(unused):
            assert self.unused_scopes.get(scope, "").strip(), (
                f"the scope {scope!r} is declared but not used; remove it, or give a reason in "
                "unused_scopes"
            )
        stale = sorted(set(self.unused_scopes) - unused)
        assert not stale, f"unused_scopes names scopes that are used or not declared: {stale}"

    def test_only_listed_events_are_published(self) -> None:
        manifest = self._manifest()
        for type_, place in self._findings().published.items():
            name = f"{manifest.source}.{type_}"
            assert name in manifest.publishes, f"{place}: list {name} under [[publishes]]"

    def test_the_package_imports_nothing_of_the_platform_but_the_sdk(self) -> None:
        foreign = foreign_imports(self._findings(), self._package())
        assert not foreign, f"agents import alquimista_sdk only: {foreign}"

    def test_operations_answer_within_their_schemas(self) -> None:
        for operation in self._manifest().operations:
            examples = self.operation_examples.get(operation.name, ())
            assert examples, f"operation_examples has no example of {operation.name}"
            for payload in examples:
                first = invoke(self.module, operation.name, payload, self.operation_twin())
                again = invoke(self.module, operation.name, payload, self.operation_twin())
                assert first == again, f"{operation.name} answers the same payload differently"

    def test_the_same_event_has_the_same_effects(self) -> None:
        for event, twin in self._examples():
            other = copy.deepcopy(twin)
            run(self.module, event, twin)
            run(self.module, event, other)
            _compare(event, twin.effects(), other.effects(), "a second, equal run")

    def test_a_retry_after_a_crash_changes_nothing(self) -> None:
        for event, twin in self._examples():
            crashed = copy.deepcopy(twin)
            run(self.module, event, twin)
            crashed.for_event(event)
            self.module.agent_handle_event(event=event, context=crashed)
            crashed.rollback()
            run(self.module, event, crashed)
            _compare(event, twin.effects(), crashed.effects(), "a run after a crash")

    def _examples(self) -> list[Example]:
        examples = list(self.event_examples())
        if not examples:
            assert not hasattr(self.module, "agent_handle_event"), (
                "event_examples answers no example; give one for each event that is handled"
            )
        return examples

    def _package(self) -> str:
        return self.module.__name__.partition(".")[0]

    def _manifest(self) -> Manifest:
        return load_manifest(self._package())

    def _findings(self) -> Findings:
        return inspect_package(package_folder(self._package()))


def _check_hook(name: str, hook: Any) -> None:
    options = getattr(hook, f"{hookspecs.PROJECT}_impl", None)
    assert inspect.isfunction(hook), f"{name}: a hook is a function"
    assert options is not None, f"{name}: decorate it with alquimista_sdk.hookimpl"
    for option in _FORBIDDEN_OPTIONS:
        assert not options.get(option), f"{name}: remove {option} from @hookimpl"
    asynchronous = inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook)
    assert not asynchronous, f"{name}: hooks are synchronous; remove async"
    assert not inspect.isgeneratorfunction(hook), f"{name}: hooks return, they do not yield"
    allowed = set(inspect.signature(getattr(hookspecs, name)).parameters)
    unknown = sorted(set(inspect.signature(hook).parameters) - allowed)
    assert not unknown, f"{name} takes {', '.join(sorted(allowed))}, not {', '.join(unknown)}"


def _check_pattern(pattern: Any, path: str) -> None:
    assert isinstance(pattern, Mapping), f"{path}: a table is required"
    assert pattern, f"{path}: an empty table matches nothing"
    for key, value in pattern.items():
        here = f"{path}.{key}"
        if isinstance(value, Mapping):
            _check_pattern(value, here)
            continue
        assert isinstance(value, list), f"{here}: a list of values is required"
        assert value, f"{here}: the list is empty and matches nothing"


def _compare(
    event: AgentEvent, expected: Mapping[str, Any], found: Mapping[str, Any], what: str
) -> None:
    different = [name for name in expected if expected[name] != found[name]]
    assert not different, f"{event.name}: {what} differs in " + "; ".join(
        f"{name}: {expected[name]!r} != {found[name]!r}" for name in different
    )
