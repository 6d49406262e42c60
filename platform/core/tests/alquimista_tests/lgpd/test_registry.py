"""The registry of stores of personal data."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.lgpd.registry import SubjectRegistry

UOW = cast(UnitOfWork, object())
LEAD = uuid4()


def test_every_store_is_erased_in_order_and_counted() -> None:
    order: list[tuple[str, UUID]] = []
    registry = SubjectRegistry()
    for name, count in (("interacoes", 3), ("leads", 1), ("arquivos", 0)):
        registry.register(name, _eraser(name, count, order), lambda *_: None)
    certificate = registry.erase(UOW, LEAD)
    assert list(certificate.items()) == [("interacoes", 3), ("leads", 1), ("arquivos", 0)]
    assert order == [("interacoes", LEAD), ("leads", LEAD), ("arquivos", LEAD)]
    assert registry.names == ("interacoes", "leads", "arquivos")


def test_an_export_leaves_out_stores_that_hold_nothing() -> None:
    registry = SubjectRegistry()
    registry.register("leads", lambda *_: 1, lambda *_: {"empresa": "Acme"})
    registry.register("interacoes", lambda *_: 0, lambda *_: [])
    assert registry.export(UOW, LEAD) == {"leads": {"empresa": "Acme"}}


def test_a_name_is_registered_once() -> None:
    registry = SubjectRegistry()
    registry.register("leads", lambda *_: 1, lambda *_: None)
    with pytest.raises(ValueError, match="leads"):
        registry.register("leads", lambda *_: 1, lambda *_: None)


def test_a_store_that_fails_stops_the_erasure_with_its_own_error() -> None:
    def broken(*_: Any) -> int:
        raise RuntimeError("disk")

    order: list[tuple[str, UUID]] = []
    registry = SubjectRegistry()
    registry.register("arquivos", broken, lambda *_: None)
    registry.register("leads", _eraser("leads", 1, order), lambda *_: None)
    with pytest.raises(RuntimeError, match="disk"):
        registry.erase(UOW, LEAD)
    assert order == []


def _eraser(name: str, count: int, order: list[tuple[str, UUID]]) -> Any:
    def erase(_: UnitOfWork, lead_id: UUID) -> int:
        order.append((name, lead_id))
        return count

    return erase
