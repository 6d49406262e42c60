"""A person corrects how a message was read."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from alquimista.prospeccao.aprendizado import service
from alquimista.prospeccao.conversas import service as conversas
from alquimista.runtime.cifra import unseal
from alquimista_sdk.models import Leitura
from tests.integration.api.world import address_to_leave_by, another_tenant, as_owner, audited
from tests.integration.aprendizado.conversa import (
    corrects,
    last_received,
    new_lead,
    refused,
    says,
    status_of,
    unread,
)
from tests.integration.conftest import Way


def corrections(way: Way, message: dict[str, str]) -> list[tuple[object, ...]]:
    """The rows of one message."""
    query = "SELECT id, intent, texto, desfeita_em, antes FROM nigredo_leads.correcoes"
    return [tuple(r) for r in way.rows(f"{query} WHERE interacao_id = '{message['id']}'")]


def test_a_correction_shows_at_once_and_repeating_it_changes_nothing(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Quanto custa o plano anual?")
    assert (message["intent"], message["corrigida"]) == ("question", False)
    assert message["modelo"].startswith("embutido ")
    for _ in range(2):
        shown = corrects(mundo, message, {"intent": "interest", "sentimento": "positivo"})
        assert (shown["intent"], shown["sentimento"]) == ("interest", "positivo")
        assert (shown["corrigida"], shown["bloqueado"]) == (True, False)
    assert last_received(mundo, lead)["intent"] == "interest"
    assert len(corrections(mundo, message)) == 1
    entries = [e for e in audited(mundo, "leitura_corrigida") if str(e.alvo_id) == lead["id"]]
    assert len(entries) == 1
    assert entries[0].detalhes["de"]["intent"] == "question"


def test_correcting_again_keeps_what_the_machine_had_read(mundo: Way) -> None:
    message = says(mundo, new_lead(mundo), "Quanto custa o plano anual?")
    corrects(mundo, message, {"intent": "interest"})
    corrects(mundo, message, {"intent": "objection"})
    [(_, intent, _, _, antes)] = corrections(mundo, message)
    assert intent == "objection"
    assert isinstance(antes, dict)
    assert antes["intent"] == "question"
    undone = mundo.call("DELETE", f"/api/interacoes/{message['id']}/correcao")
    assert (undone["intent"], undone["corrigida"]) == ("question", False)


def test_an_undone_correction_teaches_nothing_and_may_be_made_again(mundo: Way) -> None:
    message = says(mundo, new_lead(mundo), "Quanto custa o plano anual?")
    corrects(mundo, message, {"intent": "interest"})
    for _ in range(2):
        mundo.call("DELETE", f"/api/interacoes/{message['id']}/correcao")
    [(_, _, texto, desfeita_em, _)] = corrections(mundo, message)
    assert texto is None
    assert desfeita_em is not None
    corrects(mundo, message, {"intent": "interest"})
    [(_, _, texto, desfeita_em, _)] = corrections(mundo, message)
    assert texto is not None
    assert desfeita_em is None


def test_what_is_kept_is_masked_and_sealed_under_the_leads_key(mundo: Way) -> None:
    lead = new_lead(mundo, contato="Rita Sá")
    wrote = (
        "Oi, aqui é a Rita Sá. Fale com o Getúlio: (11) 98765-4321, getulio@acme.com.br, "
        "CNPJ 11.222.333/0001-81, www.acme.com.br. Quanto custa?"
    )
    message = says(mundo, lead, wrote)
    corrects(mundo, message, {"sentimento": "positivo"})
    [(correcao_id, _, texto, _, _)] = corrections(mundo, message)
    assert isinstance(texto, str)
    assert "Rita" not in texto
    assert "custa" not in texto
    keys = mundo.system.keys
    with mundo.uow() as uow:
        key = keys.key(uow.connection, uow.tenant_id, UUID(lead["id"]), create=False)
    assert key is not None
    plain = json.dumps(unseal(key, texto, f"correcao:{correcao_id}"), ensure_ascii=False)
    assert "Quanto custa?" in plain
    for secret in ("Rita", "Getúlio", "98765", "acme", "11.222.333"):
        assert secret not in plain, secret


def test_a_missed_opt_out_is_obeyed_as_soon_as_a_person_sees_it(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Quanto custa o plano anual?")
    shown = corrects(mundo, message, {"descadastro": "certo"})
    assert (shown["intent"], shown["descadastro"]) == ("descadastro", "certo")
    assert (shown["lead_status"], shown["bloqueado"]) == ("descadastrado", True)
    blocked = mundo.rows(
        f"SELECT motivo FROM nigredo_leads.blocklist WHERE lead_id = '{lead['id']}'"
    )
    assert [row.motivo for row in blocked] == ["descadastro"]
    undone = mundo.call("DELETE", f"/api/interacoes/{message['id']}/correcao")
    assert undone["intent"] == "question"
    assert undone["bloqueado"] is True, "undoing a label lets nobody be written to again"


def test_a_correction_to_a_refusal_stops_the_outreach(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Quanto custa o plano anual?")
    assert corrects(mundo, message, {"intent": "refusal"})["lead_status"] == "descartado"


def test_a_false_opt_out_stays_blocked_until_an_admin_gives_a_reason(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Parem de me mandar mensagem")
    assert status_of(mundo, lead) == "descadastrado"
    path = f"/api/leads/{lead['id']}/reabilitacao"
    reason = {"motivo": "O cliente ligou: falava do fornecedor antigo"}
    assert "lida como pedido de saída" in refused(mundo, "POST", path, reason, 409)
    shown = corrects(mundo, message, {"intent": "interest", "descadastro": "nao"})
    assert (shown["descadastro"], shown["bloqueado"]) == ("nao", True)
    assert status_of(mundo, lead) == "descadastrado"
    refused(mundo, "POST", path, {}, 422)
    manager = another_tenant(mundo.system, "Sem permissão", papel="manager")
    response = manager.response("POST", path, reason)
    assert response.status_code == 403
    assert mundo.call("POST", path, reason)["status"] == "respondeu"
    assert not mundo.rows(f"SELECT 1 FROM nigredo_leads.blocklist WHERE lead_id = '{lead['id']}'")
    [entry] = [e for e in audited(mundo, "reabilitacao") if str(e.alvo_id) == lead["id"]]
    assert entry.detalhes["motivo"] == reason["motivo"]
    assert "não está descadastrado" in refused(mundo, "POST", path, reason, 409)


def test_who_asked_to_leave_in_another_way_is_never_let_back(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Quanto custa o plano anual?")
    mundo.call("POST", f"/api/leads/{lead['id']}/descadastro", {"motivo": "pediu por telefone"})
    corrects(mundo, message, {"sentimento": "positivo"})
    path = f"/api/leads/{lead['id']}/reabilitacao"
    told = refused(mundo, "POST", path, {"motivo": "a pessoa mudou de ideia"}, 409)
    assert "não veio só da leitura" in told


def test_who_uses_the_link_after_a_reading_had_stopped_us_is_never_let_back(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Parem de me mandar mensagem")
    corrects(mundo, message, {"intent": "interest", "descadastro": "nao"})
    for _ in range(2):
        assert mundo.client.post(address_to_leave_by(mundo, lead)).status_code == 200
    path = f"/api/leads/{lead['id']}/reabilitacao"
    told = refused(mundo, "POST", path, {"motivo": "a pessoa mudou de ideia"}, 409)
    assert "não veio só da leitura" in told
    assert status_of(mundo, lead) == "descadastrado"
    entries = [e for e in audited(mundo, "descadastro") if str(e.alvo_id) == lead["id"]]
    assert [e.detalhes["motivo"] for e in entries].count("link de descadastro") == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Diga o que corrigir"),
        ({"intent": "interest", "descadastro": "certo"}, "andam juntos"),
        ({"intent": "descadastro", "descadastro": "nao"}, "andam juntos"),
        ({"intent": "compra"}, ""),
        ({"intensidade": 101}, ""),
    ],
)
def test_labels_that_make_no_sense_are_refused(
    mundo: Way, body: dict[str, object], said: str
) -> None:
    message = says(mundo, new_lead(mundo), "Quanto custa o plano anual?")
    path = f"/api/interacoes/{message['id']}/correcao"
    assert said in refused(mundo, "POST", path, body, 422)


def test_only_a_received_message_that_was_read_can_be_corrected(mundo: Way) -> None:
    lead = new_lead(mundo)
    path = f"/api/interacoes/{unread(mundo, lead, 'Mais uma coisa')['id']}/correcao"
    assert "não foi lida" in refused(mundo, "POST", path, {"intent": "interest"}, 409)
    as_owner(
        mundo.system,
        "UPDATE nigredo_leads.interacoes SET tipo = 'enviado' WHERE lead_id = :lead",
        lead=lead["id"],
    )
    assert "recebida" in refused(mundo, "POST", path, {"intent": "interest"}, 409)


def test_a_late_machine_reading_does_not_undo_a_person(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Quanto custa o plano anual?")
    corrects(mundo, message, {"intent": "objection"})
    with mundo.uow() as uow:
        conversas.classify(uow, UUID(message["id"]), Leitura("neutro", 5, "question", "nao"))
    assert last_received(mundo, lead)["intent"] == "objection"


def test_erasing_a_lead_erases_its_examples_and_the_certificate_counts_them(mundo: Way) -> None:
    lead = new_lead(mundo)
    message = says(mundo, lead, "Quanto custa o plano anual?")
    corrects(mundo, message, {"intent": "interest"})
    exported = mundo.call("GET", f"/api/leads/{lead['id']}/exportacao")
    assert exported["correcoes"][0]["leitura_da_pessoa"]["intent"] == "interest"
    with mundo.uow() as uow:
        before = len(service.examples(uow, mundo.system.keys))
    certificate = mundo.call("POST", f"/api/leads/{lead['id']}/esquecimento")
    assert certificate["registros"]["correcoes"] == 1
    assert corrections(mundo, message) == []
    with mundo.uow() as uow:
        assert len(service.examples(uow, mundo.system.keys)) == before - 1
