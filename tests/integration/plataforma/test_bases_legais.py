"""A legal basis for each purpose: what a person takes back stops, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from alquimista.prospeccao.finalidades.consulta import decisoes
from alquimista.prospeccao.finalidades.porta import FinalidadeNegada
from alquimista.prospeccao.importacoes.desfazer import NaoPodeDesfazer, undo
from alquimista.prospeccao.relatorios.service import objections
from alquimista.tools.catalogue import build_registry
from tests.database import Server
from tests.integration.api.world import another_tenant, assert_error, audited, open_way
from tests.integration.conftest import Way
from tests.integration.envio.bancada import Bancada

LIA = {
    "interesse": "Manter a conversa com clientes antigos da casa.",
    "necessidade": "Só nome e e-mail profissional são usados.",
    "impacto": "Baixo, pois a pessoa já nos conhece e espera a mensagem.",
    "salvaguardas": "Descadastro em toda mensagem e limites de envio.",
}


@pytest.fixture(scope="module")
def conta(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant, on a Monday morning."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("bases")) as way:
        way.advance_to_monday()
        way.advance(timedelta(hours=3))
        yield way


@pytest.fixture
def bancada(conta: Way) -> Bancada:
    """Hands to make leads and messages with."""
    found = Bancada(conta.system, conta.tenant_id)
    with found.uow() as uow:
        found._campanha(uow)
    return found


def bases(way: Way, lead_id: UUID) -> dict[str, dict[str, Any]]:
    """Each purpose's decision for a lead."""
    answer = way.call("GET", f"/api/leads/{lead_id}/bases-legais")
    return {item["finalidade"]: item for item in answer["itens"]}


def consent(way: Way, lead_id: UUID, finalidade: str, **more: Any) -> Any:
    """Record a consent by the API."""
    body = {
        "finalidade": finalidade,
        "base_legal": "consentimento",
        "meio": "formulario",
        "texto": "Aceito receber mensagens sobre produtos.",
        "evidencia": "formulário 77 do site",
        "obtido_em": way.agora().isoformat(),
        **more,
    }
    return way.response("POST", f"/api/leads/{lead_id}/bases-legais", body)


def withdraw(way: Way, lead_id: UUID, finalidade: str, motivo: str = "não quer mais") -> Any:
    """Record a withdrawal by the API."""
    body = {"finalidade": finalidade, "meio": "telefone", "motivo": motivo}
    return way.call("POST", f"/api/leads/{lead_id}/bases-legais/retiradas", body)


def patch(way: Way, finalidade: str, body: dict[str, Any], etag: str | None = None) -> Any:
    """Change a purpose."""
    headers = {"If-Match": etag} if etag else {}
    return way.response("PATCH", f"/api/finalidades/{finalidade}", body, headers=headers)


@pytest.fixture
def de_fabrica(conta: Way) -> Iterator[None]:
    """Every purpose is as it comes, before and after."""
    yield
    for finalidade in ("prospeccao", "enriquecimento"):
        conta.call("POST", f"/api/finalidades/{finalidade}/restaurar")


def test_an_account_starts_with_a_register_that_lets_it_work(conta: Way, bancada: Bancada) -> None:
    listed = conta.call("GET", "/api/finalidades")["itens"]
    assert {item["finalidade"]: item["base_legal"] for item in listed} == {
        "prospeccao": "legitimo_interesse",
        "enriquecimento": "legitimo_interesse",
        "atendimento": "execucao_contrato",
        "agendamento": "execucao_contrato",
        "relatorios": "legitimo_interesse",
        "melhoria_modelo": "consentimento",
    }
    assert all((item["lia"] is not None) == ("interesse" in item["base_legal"]) for item in listed)
    allowed = {name for name, item in bases(conta, bancada.lead()).items() if item["permitido"]}
    assert allowed == {item["finalidade"] for item in listed} - {"melhoria_modelo"}


def test_a_withdrawal_stops_its_purpose_and_no_other(conta: Way, bancada: Bancada) -> None:
    lead_id = bancada.lead()
    planned = bancada.planeja(lead_id, em=timedelta(hours=1))
    answer = bancada.planeja(lead_id, tipo="resposta", em=timedelta(hours=1))
    withdraw(conta, lead_id, "prospeccao")
    assert bancada.disparo(planned).status == "cancelado"
    assert bancada.disparo(answer).status == "planejado"

    later = bancada.planeja(lead_id, em=timedelta(0))
    bancada.avancar(timedelta(hours=1))
    bancada.trabalha()
    assert "base_legal" in bancada.recusas(later)
    assert (
        "retirou a autorização para a finalidade “Prospecção”"
        in bancada.recusas(later)["base_legal"]
    )
    assert bancada.disparo(answer).status == "enviado"
    found = bases(conta, lead_id)
    assert not found["prospeccao"]["permitido"]
    assert found["atendimento"]["permitido"]
    assert found["enriquecimento"]["permitido"]

    withdraw(conta, lead_id, "atendimento")
    reply = bancada.planeja(lead_id, tipo="resposta", em=timedelta(0))
    farewell = bancada.planeja(lead_id, tipo="confirmacao", em=timedelta(0))
    bancada.trabalha()
    assert "base_legal" in bancada.recusas(reply)
    assert bancada.disparo(farewell).status == "enviado"


def test_withdrawing_twice_is_one_and_a_new_consent_follows_it(
    conta: Way, bancada: Bancada
) -> None:
    lead_id = bancada.lead()
    assert consent(conta, lead_id, "prospeccao").status_code == 201
    withdraw(conta, lead_id, "prospeccao")
    withdraw(conta, lead_id, "prospeccao", "de novo")
    [entry] = [e for e in audited(conta, "base_legal.retirada") if e.alvo_id == lead_id]
    assert entry.detalhes["finalidade"] == "prospeccao"
    conta.advance(timedelta(minutes=1))
    assert consent(conta, lead_id, "prospeccao", texto="Aceito de novo.").status_code == 201
    found = bases(conta, lead_id)["prospeccao"]
    assert (found["permitido"], found["origem"]) == (True, "lead")
    told = [(r["numero"], r["texto"], r["retirado_motivo"]) for r in found["registros"]]
    assert told == [
        (2, "Aceito de novo.", None),
        (1, "Aceito receber mensagens sobre produtos.", "não quer mais"),
    ]


@pytest.mark.usefixtures("de_fabrica")
def test_an_account_that_asks_for_consent_writes_only_to_those_who_gave_it(
    conta: Way, bancada: Bancada
) -> None:
    silent, willing = bancada.lead(), bancada.lead()
    assert patch(conta, "prospeccao", {"base_legal": "consentimento"}).status_code == 200
    assert consent(conta, willing, "prospeccao").status_code == 201
    messages = {each: bancada.planeja(each, em=timedelta(0)) for each in (silent, willing)}
    bancada.trabalha()
    assert "pede consentimento" in bancada.recusas(messages[silent])["base_legal"]
    assert "base_legal" not in bancada.recusas(messages[willing])
    conta.call("POST", "/api/leads", {"empresa": "Nova", "email": f"a@{uuid4().hex}.com"}, 202)
    conta.drain()
    [row] = conta.rows("SELECT base_legal FROM nigredo_leads.leads WHERE empresa = 'Nova'")
    assert row.base_legal == "consentimento"


@pytest.mark.usefixtures("de_fabrica")
def test_a_purpose_that_is_off_stops_for_everybody(conta: Way, bancada: Bancada) -> None:
    assert patch(conta, "enriquecimento", {"ativa": False}).status_code == 200
    email = f"contato@{uuid4().hex[:10]}.com.br"
    conta.call("POST", "/api/leads", {"empresa": "Sem Consulta", "email": email}, status=202)
    conta.drain()
    [row] = conta.rows(
        f"SELECT enriquecimento FROM nigredo_leads.leads WHERE email_norm = '{email}'"
    )
    assert row.enriquecimento == "dispensado"


@pytest.mark.usefixtures("de_fabrica")
def test_a_purpose_that_is_off_shuts_the_tool_itself(conta: Way) -> None:
    assert look_up(conta, empresa="Empresa Sem Lead")["sandbox"] is True
    assert patch(conta, "enriquecimento", {"ativa": False}).status_code == 200
    with pytest.raises(FinalidadeNegada, match="desativada na conta"):
        look_up(conta, empresa="Empresa Sem Lead")


@pytest.mark.usefixtures("de_fabrica")
def test_who_took_the_look_up_back_is_not_looked_up_under_any_name(
    conta: Way, bancada: Bancada
) -> None:
    gone = bancada.lead(empresa="Metais Recuo Ltda", cnpj="16727230000197")
    other = bancada.lead(empresa="Fios Presentes Ltda")
    withdraw(conta, gone, "enriquecimento")
    own = {"empresa": "Metais Recuo Ltda", "cnpj": "16727230000197"}
    hidden = [
        {**own, "lead_id": str(gone)},
        own,
        {"empresa": "outra", "cnpj": "16.727.230/0001-97"},
        {"empresa": " METAIS recuo ltda "},
        {"empresa": "outra", "email": f"{gone}@CLIENTE.example.com"},
        {**own, "lead_id": str(other)},
        {**own, "lead_id": str(uuid4())},
    ]
    for payload in hidden:
        with pytest.raises(FinalidadeNegada, match="retirou a autorização"):
            look_up(conta, **payload)
    assert look_up(conta, lead_id=str(other), empresa="Fios Presentes Ltda")["fonte"]


@pytest.mark.usefixtures("de_fabrica")
def test_a_company_of_two_leads_is_looked_up_for_the_one_who_did_not_object(
    conta: Way, bancada: Bancada
) -> None:
    gone, willing = (bancada.lead(empresa="Tubos Dois", cnpj="19131243000197") for _ in range(2))
    withdraw(conta, gone, "enriquecimento")
    own = {"empresa": "Tubos Dois", "cnpj": "19131243000197"}
    assert look_up(conta, lead_id=str(willing), **own)["sandbox"] is True
    with pytest.raises(FinalidadeNegada):
        look_up(conta, **own)


def look_up(way: Way, **payload: Any) -> dict[str, Any]:
    """Call the tool as the platform hands it out."""
    database, settings = way.system.database, way.system.settings
    with way.uow() as uow:
        tenant = way.system.services.tenants.facts(uow)
    return build_registry(tenant, database, settings).call("enrichment.company", payload)


def test_a_purpose_is_changed_once_by_who_read_it_last_and_goes_back(conta: Way) -> None:
    before = conta.response("GET", "/api/finalidades/agendamento")
    assert before.get_json()["versao"] == 0
    etag = before.headers["ETag"]
    refused = patch(conta, "agendamento", {"base_legal": "legitimo_interesse"}, etag)
    assert "lia.interesse" in assert_error(refused, 422)["message"]
    changed = patch(conta, "agendamento", {"base_legal": "legitimo_interesse", "lia": LIA}, etag)
    assert changed.get_json()["versao"] == 1
    assert changed.get_json()["lia"] == LIA
    assert_error(patch(conta, "agendamento", {"ativa": False}, etag), 412)
    back = conta.call("POST", "/api/finalidades/agendamento/restaurar")
    assert (back["base_legal"], back["lia"], back["versao"]) == ("execucao_contrato", None, 2)
    assert_error(patch(conta, "agendamento", {"ativa": False}, changed.headers["ETag"]), 412)
    entry = audited(conta, "finalidade.alterada")[-1]
    assert entry.detalhes == {"finalidade": "agendamento"}
    assert_error(patch(conta, "vendas", {"ativa": False}), 404)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"texto": " "}, 422),
        ({"finalidade": "vendas"}, 422),
        ({"base_legal": "vontade"}, 422),
        ({"meio": "telepatia"}, 422),
        ({"obtido_em": "2099-01-01T00:00:00Z"}, 422),
        ({"tenant_id": str(uuid4())}, 422),
        ({"retirado_em": "2020-01-01T00:00:00Z"}, 422),
    ],
)
def test_a_record_without_its_evidence_is_refused(
    conta: Way, bancada: Bancada, more: dict[str, Any], code: int
) -> None:
    lead_id = bancada.lead()
    assert_error(consent(conta, lead_id, **{"finalidade": "prospeccao", **more}), code)
    assert bases(conta, lead_id)["prospeccao"]["registros"] == []


def test_the_record_of_processing_tells_every_purpose_and_counts_who_withdrew(
    conta: Way, bancada: Bancada
) -> None:
    before = {o["finalidade"]: o for o in conta.call("GET", "/api/tratamentos")["operacoes"]}
    lead_id = bancada.lead()
    consent(conta, lead_id, "relatorios")
    withdraw(conta, bancada.lead(), "relatorios")
    record = conta.call("GET", "/api/tratamentos")
    assert record["controlador"] and record["seguranca"]
    found = {o["finalidade"]: o for o in record["operacoes"]}
    assert len(found) == 6
    for operation in found.values():
        assert operation["fundamento"].startswith("LGPD, art. 7º")
        assert operation["dados"] and operation["retencao_dias"] == 730
    for name in ("leads_com_base_propria", "leads_que_retiraram"):
        assert found["relatorios"][name] == before["relatorios"][name] + 1
    sheet = conta.response("GET", "/api/tratamentos/exportacao.csv")
    assert sheet.mimetype == "text/csv"
    lines = StringIO(sheet.get_data(as_text=True)).read().splitlines()
    assert len(lines) == 7
    assert lines[0].startswith("\ufefffinalidade;titulo;ativa;")


def test_reports_leave_out_the_words_of_who_took_them_back(conta: Way, bancada: Bancada) -> None:
    silent, willing = bancada.lead(), bancada.lead()
    for each in (silent, willing):
        bancada.recebe(each, "Está caro demais")
    with bancada.owner() as connection:
        connection.exec_driver_sql(
            "UPDATE nigredo_leads.interacoes SET intent = 'objection' WHERE lead_id IN (%s, %s)",
            (str(silent), str(willing)),
        )
    withdraw(conta, silent, "relatorios")
    today = conta.agora().date()
    with conta.uow() as uow:
        told = objections(uow, today, today, "UTC")
    assert [item.lead_id for item in told if item.lead_id in (silent, willing)] == [willing]


def test_what_was_said_is_handed_out_and_erased_but_that_it_was_said_stays(
    conta: Way, bancada: Bancada
) -> None:
    lead_id = bancada.lead()
    consent(conta, lead_id, "prospeccao", evidencia="ligação gravada de Maria")
    withdraw(conta, lead_id, "prospeccao", "Maria pediu")
    exported = conta.call("GET", f"/api/leads/{lead_id}/exportacao")["bases_legais"]
    assert exported[0]["evidencia"] == "ligação gravada de Maria"
    assert exported[0]["retirado_motivo"] == "Maria pediu"
    certificate = conta.call("POST", f"/api/leads/{lead_id}/esquecimento")
    assert certificate["registros"]["bases_legais"] == 1
    [row] = conta.rows(f"SELECT * FROM nigredo_leads.bases_legais WHERE lead_id = '{lead_id}'")
    assert (row.texto, row.evidencia, row.retirado_motivo) == (None, None, None)
    assert row.retirado_em is not None
    trail = conta.response("GET", f"/api/auditoria?alvo_id={lead_id}").get_data(as_text=True)
    assert "Maria" not in trail


def test_leads_that_are_one_person_take_back_together(conta: Way, bancada: Bancada) -> None:
    kept, merged, later = bancada.lead(), bancada.lead(), bancada.lead()
    _merge(bancada, kept, merged)
    withdraw(conta, kept, "prospeccao")
    withdraw(conta, later, "enriquecimento")
    _merge(bancada, kept, later)
    with bancada.uow() as uow:
        asked = {
            name: {k: d.permitido for k, d in decisoes(uow, [kept, merged], name).items()}
            for name in ("prospeccao", "enriquecimento", "atendimento")
        }
    assert asked == {
        "prospeccao": {kept: False, merged: False},
        "enriquecimento": {kept: False, merged: True},
        "atendimento": {kept: True, merged: True},
    }


def test_an_import_with_somebody_s_record_is_not_undone(conta: Way, tmp_path: Path) -> None:
    email = f"contato@{uuid4().hex[:10]}.com.br"
    conta.call("POST", "/api/leads", {"empresa": "Com Registro", "email": email}, status=202)
    conta.drain()
    [row] = conta.rows(
        f"SELECT id, importacao_id FROM nigredo_leads.leads WHERE email_norm = '{email}'"
    )
    withdraw(conta, row.id, "prospeccao")
    with conta.uow() as uow, pytest.raises(NaoPodeDesfazer):
        undo(conta.system.services.ports, uow, row.importacao_id)


def test_another_account_neither_sees_nor_changes_anything(conta: Way, bancada: Bancada) -> None:
    other = another_tenant(conta.system, "Beta Bases")
    lead_id = bancada.lead()
    consent(conta, lead_id, "prospeccao")
    assert_error(other.response("GET", f"/api/leads/{lead_id}/bases-legais"), 404)
    assert_error(consent(other, lead_id, "prospeccao"), 404)
    body = {"finalidade": "prospeccao", "meio": "email"}
    assert_error(other.response("POST", f"/api/leads/{lead_id}/bases-legais/retiradas", body), 404)
    assert patch(other, "prospeccao", {"ativa": False}).status_code == 200
    assert bases(conta, lead_id)["prospeccao"]["permitido"]
    assert other.call("GET", "/api/tratamentos")["controlador"] == "Beta Bases"
    with other.uow() as uow:
        assert decisoes(uow, [lead_id], "prospeccao") == {}


@pytest.mark.parametrize(("papel", "le", "escreve"), [("manager", 200, 403), ("viewer", 403, 403)])
def test_who_may_read_and_who_may_change(conta: Way, papel: str, le: int, escreve: int) -> None:
    person = another_tenant(conta.system, f"Bases {papel}", papel=papel)
    assert person.response("GET", "/api/tratamentos").status_code == le
    assert patch(person, "prospeccao", {"ativa": False}).status_code == escreve


def _merge(bancada: Bancada, fica: UUID, sai: UUID) -> None:
    """As a merge that was made leaves it."""
    with bancada.owner() as connection:
        connection.exec_driver_sql(
            "INSERT INTO nigredo_leads.fusoes (tenant_id, id, lead_id, outro_id, status, motivo, "
            "escore, created_at) VALUES (%s, %s, %s, %s, 'feita', 'nome', 95, clock_timestamp())",
            (str(bancada.tenant_id), str(uuid4()), str(fica), str(sai)),
        )
