"""One run: ids, versions, the deadline, the order of writes, and the guarded context."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from alquimista.db.session import Database, UnitOfWork
from alquimista.runtime.context import RuntimeContext
from alquimista.runtime.run import Run
from alquimista_sdk.context import SERVICES
from alquimista_sdk.errors import DeadlineExceeded, PermanentError, ScopeDenied
from alquimista_sdk.events import AgentEvent, FractalDetail, Subject
from alquimista_sdk.manifest import Manifest, Scope
from alquimista_sdk.models import TenantFacts

TENANT = uuid4()


def manifest(*scopes: str, slug: str = "brinquedo") -> Manifest:
    """A manifest with some scopes."""
    return Manifest(
        slug=slug,
        name=slug,
        version="0.1.0",
        title=slug,
        description=slug,
        category="prospeccao",
        publisher="Teste",
        sdk=">=0.1",
        source=f"nigredo.{slug}",
        timeout_s=5,
        memory_mb=128,
        scopes=tuple(Scope(name, "Teste.") for name in scopes),
        subscriptions=(),
    )


def event(event_id: UUID) -> AgentEvent:
    """An event of the tenant."""
    return AgentEvent(
        id=event_id,
        source="nigredo.x",
        type="y",
        tenant_id=TENANT,
        trace_id=uuid4(),
        occurred_at=datetime.now(UTC),
        detail=FractalDetail(Subject("tenant", TENANT)),
        attempt=1,
    )


def run_of(*scopes: str, **more: Any) -> Run:
    """A run that has no database."""
    values: dict[str, Any] = {
        "database": cast(Database, None),
        "tenant": TenantFacts(TENANT, "Conta"),
        "manifest": manifest(*scopes),
        "config": {"limite": 3},
        "agora": datetime.now(UTC),
        "trace_id": uuid4(),
    }
    return Run(**values | more)


def test_ids_are_the_same_in_every_run_of_an_event_and_differ_otherwise() -> None:
    event_id = uuid4()
    first, again = run_of(event=event(event_id)), run_of(event=event(event_id))
    assert first.new_id("a") == again.new_id("a")
    assert first.new_id("a") != first.new_id("b")
    assert first.new_id("a") != run_of(event=event(uuid4())).new_id("a")
    other = run_of(event=event(event_id), manifest=manifest(slug="outro_agente"))
    assert first.new_id("a") != other.new_id("a")


def test_writes_happen_in_the_order_in_which_they_were_asked_for() -> None:
    run = run_of()
    done: list[int] = []

    def add(number: int, _: UnitOfWork) -> None:
        done.append(number)

    for number in range(4):
        run.write(partial(add, number))
    assert done == []
    run.commit(cast(UnitOfWork, None))
    assert done == [0, 1, 2, 3]


def test_an_operation_keeps_no_write() -> None:
    run = run_of(read_only=True)
    with pytest.raises(ScopeDenied, match="read-only"):
        run.write(lambda _: None)
    assert run.writes == []


def test_a_write_is_guarded_by_the_version_that_was_read_first() -> None:
    run, row_id = run_of(), uuid4()
    with pytest.raises(PermanentError, match="without being read"):
        run.version_of("leads", row_id)
    run.remember("leads", row_id, 3)
    run.remember("leads", row_id, 9)
    assert run.version_of("leads", row_id) == 3


def test_after_the_deadline_nothing_is_read() -> None:
    run = run_of(deadline=monotonic() - 1)
    with pytest.raises(DeadlineExceeded), run.reading():
        pytest.fail("no transaction is opened")


class Denials:
    """Remembers what was denied."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def __call__(self, run: Run, scope: str) -> None:
        self.scopes.append(scope)


class Anything:
    """A service with every method, which answers its name."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: {"called": name}


def context_of(run: Run, denials: Denials) -> Any:
    """A context of services that answer anything."""
    return RuntimeContext(run, {name: lambda _: Anything() for name in SERVICES}, denials)


@pytest.mark.parametrize(
    ("service", "method", "verb"),
    [
        (service, method, verb)
        for service, methods in SERVICES.items()
        if service not in ("tools", "operations")
        for method, verb in methods.items()
    ],
)
def test_each_method_is_opened_by_its_own_scope_and_no_other(
    service: str, method: str, verb: str
) -> None:
    scope = f"{service}:{verb}"
    denials = Denials()
    opened = context_of(run_of(scope), denials)
    assert getattr(getattr(opened, service), method)() == {"called": method}
    others = {f"{service}:{other}" for other in ("read", "write", "claim", "publish")} - {scope}
    closed = context_of(run_of(*others), denials)
    with pytest.raises(ScopeDenied, match=scope):
        getattr(getattr(closed, service), method)
    assert denials.scopes == [scope]
    reading = context_of(run_of(scope, read_only=True), denials)
    if verb == "read":
        assert getattr(getattr(reading, service), method)() == {"called": method}
    else:
        with pytest.raises(ScopeDenied, match="read-only"):
            getattr(getattr(reading, service), method)


@pytest.mark.parametrize("service", ["tools", "operations"])
def test_tools_and_operations_are_opened_by_name(service: str) -> None:
    denials = Denials()
    context = context_of(run_of(f"{service}:a.b"), denials)
    assert getattr(context, service).call("a.b", {}) == {"called": "call"}
    with pytest.raises(ScopeDenied):
        getattr(context, service).call("a.c", {})
    assert denials.scopes == [f"{service}:a.c"]


def test_an_agent_reaches_neither_the_run_nor_the_database() -> None:
    context = context_of(run_of("leads:read"), Denials())
    public = {name for name in dir(context) if not name.startswith("_")}
    assert public == {*SERVICES, "tenant", "config", "now", "trace_id", "log", "new_id"}
    with pytest.raises(AttributeError):
        _ = context.leads.connection
