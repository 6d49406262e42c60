"""Tool calls are journalled: a retry of the event reuses an answer that was finished."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from alquimista import contexts
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.prospeccao.finalidades.service import withdraw
from alquimista_sdk.errors import PermanentError, TransientError
from tests.integration.runtime.brinquedo import Brinquedo, Oficina
from tests.integration.runtime.conftest import Abrir


class Contador:
    """A registry that answers with the number of the call."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.fail: Exception | None = None

    def call(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Count and answer."""
        self.calls[f"{name}:{payload.get('n')}"] += 1
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
        return {"resposta": sum(self.calls.values()), "segredo": "Maria"}


@pytest.fixture
def contador(monkeypatch: pytest.MonkeyPatch) -> Contador:
    """The tools of every system of the test."""
    made = Contador()
    monkeypatch.setattr(contexts, "build_registry", lambda *_: made)
    return made


def toy_that_calls(answers: list[Any]) -> Brinquedo:
    """A toy that calls a tool twice and fails in its first run."""
    toy = Brinquedo(extra_scopes=("tools:conta",))

    def handle(event: Any, context: Any) -> None:
        answers.append([context.tools.call("conta", {"n": n}) for n in (1, 2)])
        if len(toy.calls) == 1:
            raise TransientError("depois das ferramentas")

    toy.handle = handle
    return toy


def again(oficina: Oficina) -> None:
    """Run, wait for the retry, run."""
    oficina.roda()
    oficina.esquece_quedas()
    oficina.roda()


@pytest.mark.parametrize("about_a_lead", [True, False])
def test_a_retry_reuses_finished_answers(
    abrir: Abrir, contador: Contador, about_a_lead: bool
) -> None:
    answers: list[Any] = []
    toy = toy_that_calls(answers)
    oficina = abrir(toy)
    oficina.pede(toy, oficina.lead() if about_a_lead else None)
    again(oficina)
    assert contador.calls == {"conta:1": 1, "conta:2": 1}
    assert answers[0] == answers[1]
    rows = oficina.rows("SELECT status, resposta FROM alquimista_platform.chamadas_ferramentas")
    assert [row.status for row in rows] == ["concluida"] * 2
    assert ("Maria" in str(rows[0].resposta)) is not about_a_lead, "sealed under the lead's key"


def test_a_call_that_failed_is_made_again(abrir: Abrir, contador: Contador) -> None:
    answers: list[Any] = []
    toy = toy_that_calls(answers)
    oficina = abrir(toy)
    contador.fail = TransientError("fora do ar")
    oficina.pede(toy)
    again(oficina)
    assert contador.calls == {"conta:1": 2, "conta:2": 1}
    assert len(answers) == 1


def test_a_call_that_is_refused_gives_the_event_up(abrir: Abrir, contador: Contador) -> None:
    toy = toy_that_calls([])
    oficina = abrir(toy)
    contador.fail = PermanentError("não existe")
    oficina.pede(toy)
    again(oficina)
    assert contador.calls == {"conta:1": 1}
    assert [letter.error_class for letter in oficina.mortas()] == ["permanent"]


def test_another_event_calls_anew(abrir: Abrir, contador: Contador) -> None:
    toy = toy_that_calls([])
    oficina = abrir(toy)
    oficina.pede(toy)
    again(oficina)
    oficina.pede(toy)
    oficina.roda()
    assert contador.calls == {"conta:1": 2, "conta:2": 2}


def test_with_the_leads_key_destroyed_the_journal_answers_nothing(
    abrir: Abrir, contador: Contador
) -> None:
    answers: list[Any] = []
    toy = toy_that_calls(answers)
    oficina = abrir(toy)
    lead_id = oficina.lead()
    oficina.pede(toy, lead_id)
    oficina.roda()
    with oficina.uow() as uow:
        oficina.system.services.registry.erase(uow, lead_id)
    oficina.esquece_quedas()
    oficina.roda()
    rows = oficina.rows("SELECT resposta FROM alquimista_platform.chamadas_ferramentas")
    assert {row.resposta for row in rows} == {None}, "nothing of the person is kept anew"
    assert contador.calls == {"conta:1": 2, "conta:2": 2}


def test_a_plugin_that_does_not_ask_cannot_look_up_who_took_the_purpose_back(
    abrir: Abrir,
) -> None:
    toy = Brinquedo(extra_scopes=("tools:enrichment.company",))
    answers: list[Any] = []

    def handle(event: Any, context: Any) -> None:
        payload = {"empresa": "Molas Recuo Ltda"}
        answers.append(context.tools.call("enrichment.company", payload))

    toy.handle = handle
    oficina = abrir(toy)
    lead_id = oficina.lead(empresa="Molas Recuo Ltda")
    oficina.pede(toy, lead_id)
    oficina.roda()
    assert len(answers) == 1
    with oficina.uow() as uow:
        ports = oficina.system.services.ports
        withdraw(ports, uow, lead_id, "enriquecimento", "email", None, SISTEMA, uuid4())
    oficina.pede(toy, lead_id)
    oficina.roda()
    assert len(answers) == 1
    assert [letter.error_class for letter in oficina.mortas()] == ["permanent"]
