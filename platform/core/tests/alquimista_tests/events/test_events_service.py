"""What of an event and of a dead letter may be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.identity.domain import of_key
from alquimista.runtime import events_service as service
from alquimista.runtime.cifra import new_key, seal_detail
from alquimista.runtime.events_schemas import NovoEventoSchema
from alquimista.runtime.publishing import EventPublisher

LEAD = str(uuid4())


def _detail() -> dict[str, Any]:
    return {
        "version": "1",
        "subject": {"type": "lead", "id": LEAD},
        "lead_id": LEAD,
        "context": {
            "source": "email",
            "last_message": "Sou a Ana",
            "history": [{"mensagem": "oi"}],
            "metadata": {"canal": "email", "nome": "Ana"},
        },
        "logs": [{"agent": "atendimento", "decision": "respondido"}],
        "nota": "Ana ligou",
    }


def test_a_protocol_event_is_shown_without_messages_sealed_or_not() -> None:
    sealed = seal_detail(new_key(), _detail(), "x")
    found = service.shown("nigredo.atendimento", sealed)
    assert found["logs"] and found["lead_id"] == LEAD
    assert found["context"] == {"source": "email", "metadata": {"canal": "email"}}
    assert "Ana" not in json.dumps(found)
    unsealed = service.shown("nigredo.atendimento", _detail())
    assert "Sou a Ana" not in json.dumps(unsealed)
    assert "oi" not in json.dumps(unsealed)


def test_a_foreign_event_is_shown_as_its_tenant_sent_it() -> None:
    assert service.shown("crm.acme", {"a": 1}) == {"a": 1}


def test_publishing_without_a_scope_for_the_source_reaches_nothing() -> None:
    caller = of_key(uuid4(), uuid4(), ["events:publish:crm.acme"])
    nothing: Any = SimpleNamespace()
    with pytest.raises(service.OrigemNaoPermitida):
        service.publish(
            cast(EventPublisher, nothing),
            cast(UnitOfWork, nothing),
            caller,
            "nigredo.recebimento",
            "completed",
            {},
            uuid4(),
        )


class _Rows:
    """Stands for a connection that answers one dead letter."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row

    def execute(self, *_: Any) -> Any:
        rows = [SimpleNamespace(_mapping=self._row, **self._row)]
        return SimpleNamespace(all=lambda: rows)


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ({"type": "lead", "id": LEAD, "nome": "Ana"}, {"type": "lead", "id": LEAD}),
        ({"type": "lead", "id": "ana@acme.com.br"}, None),
        ({"id": LEAD}, None),
        ("ana@acme.com.br", None),
        (None, None),
    ],
)
def test_a_dead_letter_shows_no_personal_data(subject: Any, shown: Any) -> None:
    row = {"error_text": "ValueError: ana@acme.com.br (11) 98765-4321", "subject": subject}
    uow: Any = SimpleNamespace(tenant_id=uuid4(), connection=_Rows(row))
    query = {"ordenar": service.MORTAS.padrao, "limite": 1}
    (found,) = service.dead_letters(uow, query)["itens"]
    assert found["subject"] == shown
    assert "acme" not in json.dumps(found)
    assert "98765" not in json.dumps(found)


@pytest.mark.parametrize("source", ["", ".", "a..b", "a b", "ação", "x" * 121, "a.", "a;drop"])
def test_a_source_is_dotted_names(source: str) -> None:
    body = {"source": source, "type": "t", "detail": {}}
    assert "source" in NovoEventoSchema().validate(body)


@pytest.mark.parametrize("detail", [None, [], "x", 3])
def test_a_detail_is_an_object(detail: Any) -> None:
    body = {"source": "a.b", "type": "t", "detail": detail}
    assert "detail" in NovoEventoSchema().validate(body)
