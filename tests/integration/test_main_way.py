"""From five leads to a booked meeting and a report: seven agents, real parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pypdf import PdfReader

from alquimista.prospeccao.relatorios.models import MetricaDiaria
from alquimista.runtime.core_events import CORE_EVENTS
from tests.integration.conftest import Way

LEADS = [
    {"empresa": "Empresa Teste", "email": "test@empresateste.com.br", "contato": "Bruna Dias"},
    {"empresa": "Prensas Vale", "email": "compras@prensasvale.com.br", "telefone": "11987654321"},
    {"empresa": "Aços Sul", "email": "joao@acossul.com.br", "contato": "João Reis"},
    {"empresa": "Moldes Norte", "email": "contato@moldesnorte.com.br"},
    {"empresa": "Tubos Leste", "telefone": "(21) 99876-1234", "email": "vendas@tubosleste.com.br"},
]


def import_leads(way: Way) -> dict[str, Any]:
    """Post the five leads and approve what the strategy agent drafted."""
    way.advance_to_monday()
    answer = way.call("POST", "/api/leads", LEADS, status=202)
    way.drain()
    for campanha in way.call("GET", "/api/campanhas?status=rascunho")["itens"]:
        way.call(
            "POST",
            f"/api/campanhas/{campanha['id']}/aprovar",
            {"conteudo_hash": campanha["conteudo_hash"]},
        )
    way.drain()
    found: dict[str, Any] = answer
    return found


def lead_named(way: Way, empresa: str) -> dict[str, Any]:
    """One lead of the list, by its company."""
    itens = way.call("GET", "/api/leads")["itens"]
    found: dict[str, Any] = next(item for item in itens if item["empresa"] == empresa)
    return found


def test_five_posted_leads_lead_to_a_booked_meeting_and_a_pdf_report(way: Way) -> None:
    import_leads(way)
    assert len(way.call("GET", "/api/leads")["itens"]) == 5
    assert {c["status"] for c in way.call("GET", "/api/campanhas")["itens"]} == {"ativa"}

    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Empresa Teste")
    assert lead["status"] == "contatado"
    way.call(
        "POST",
        "/api/sandbox/respostas",
        {"lead_id": lead["id"], "mensagem": "Tenho interesse, vamos agendar"},
        status=202,
    )
    way.advance(timedelta(minutes=2))
    proposed = way.call("GET", f"/api/agendamentos?lead_id={lead['id']}")["itens"]
    assert [item["status"] for item in proposed] == ["proposto"]

    way.call("POST", "/api/sandbox/respostas", {"lead_id": lead["id"], "mensagem": "pode ser o 2"})
    way.advance(timedelta(minutes=2))
    booked = way.call("GET", f"/api/agendamentos?lead_id={lead['id']}")["itens"]
    assert [item["status"] for item in booked] == ["confirmado"]
    assert booked[0]["briefing"]
    assert lead_named(way, "Empresa Teste")["status"] == "agendado"

    way.advance(timedelta(days=1))
    [metrica] = way.rows(
        "SELECT data, pdf_chave FROM nigredo_leads.metricas_diarias ORDER BY data DESC LIMIT 1"
    )
    pdf = way.response("GET", f"/api/relatorios/{metrica.data}.pdf", buffered=True)
    assert pdf.status_code == 200
    assert pdf.get_data().startswith(b"%PDF")
    path = way.system.services.ports.files.path(way.tenant_id, metrica.pdf_chave)
    assert len(PdfReader(path).pages) >= 1
    assert MetricaDiaria.__tablename__ == "metricas_diarias"


def test_every_event_that_the_design_names_is_published_on_the_way(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Empresa Teste")
    for said in ("Tenho interesse, vamos agendar", "a primeira opção"):
        way.call("POST", "/api/sandbox/respostas", {"lead_id": lead["id"], "mensagem": said})
        way.advance(timedelta(minutes=2))
    way.advance(timedelta(days=1))
    names = {
        f"{row.source}.{row.type}"
        for row in way.rows("SELECT DISTINCT source, type FROM fibonacci_core.events")
    }
    assert {
        "nigredo.recebimento.completed",
        "nigredo.estrategia.completed",
        "nigredo.disparo.sent",
        "nigredo.atendimento.schedule_requested",
        "nigredo.agendamento.confirmed",
        "nigredo.relatorios.published",
    } <= names
    manifests = [agent.manifest for agent in way.system.services.catalogue.admitted.values()]
    declared = {item.name for manifest in manifests for item in manifest.publications}
    schedules = {f"alquimista.timer.{s.name}" for manifest in manifests for s in manifest.schedules}
    assert names - declared - schedules - set(CORE_EVENTS) == set(), "docs/events.md lists them all"
    assert way.call("GET", "/api/dead-letters")["itens"] == []


def test_the_timeline_tells_events_messages_decisions_and_refusals(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Aços Sul")
    way.call(
        "POST",
        "/api/sandbox/respostas",
        {"lead_id": lead["id"], "mensagem": "Não quero mais receber mensagens de vocês"},
    )
    way.advance(timedelta(minutes=2))
    shown = way.call("GET", f"/api/leads/{lead['id']}")
    assert shown["status"] == "descadastrado"
    kinds = {entry["tipo"] for entry in shown["linha_do_tempo"]}
    assert {"evento", "mensagem", "disparo", "auditoria"} <= kinds
    sent = [e for e in shown["linha_do_tempo"] if e["titulo"].startswith("prospeccao")]
    checks = {c["codigo"] for e in sent for c in e["detalhes"]["verificacoes"]}
    assert {"supressao", "base_legal", "limites", "horario_comercial", "ambiente"} <= checks


def test_an_opted_out_lead_gets_one_confirmation_and_nothing_else_ever(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Aços Sul")
    for _ in range(2):
        way.call("POST", f"/api/leads/{lead['id']}/descadastro", {"motivo": "pediu por telefone"})
    before = len(way.rows(_messages_to(lead["email"])))
    way.advance(timedelta(days=10))
    after = way.rows(_messages_to(lead["email"]))
    assert len(after) == before + 1
    assert "não receberá mais mensagens" in after[-1].mensagem


def test_a_reply_stops_the_follow_ups(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Moldes Norte")
    way.call(
        "POST",
        "/api/sandbox/respostas",
        {"lead_id": lead["id"], "mensagem": "Qual o prazo de implantação?"},
    )
    way.advance(timedelta(days=12))
    sent = way.rows(
        "SELECT etapa FROM nigredo_leads.disparos WHERE tipo = 'prospeccao' "
        f"AND status = 'enviado' AND lead_id = '{lead['id']}'"
    )
    assert [row.etapa for row in sent] == ["topo"]


def test_a_silent_lead_gets_three_stages_and_then_rest(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(days=20))
    lead = lead_named(way, "Moldes Norte")
    sent = way.rows(
        "SELECT etapa FROM nigredo_leads.disparos WHERE tipo = 'prospeccao' "
        f"AND status = 'enviado' AND lead_id = '{lead['id']}' ORDER BY enviado_em"
    )
    assert [row.etapa for row in sent] == ["topo", "meio", "fundo"]


def test_an_edited_campaign_asks_for_approval_again_and_the_old_one_no_longer_counts(
    way: Way,
) -> None:
    import_leads(way)
    [campanha, *_] = way.call("GET", "/api/campanhas")["itens"]
    mensagens = campanha["mensagens"]
    for variante in mensagens["topo"]:
        variante["texto"] = "Texto novo para {empresa}."
    edited = way.call("PATCH", f"/api/campanhas/{campanha['id']}", {"mensagens": mensagens})
    assert edited["status"] == "rascunho"
    refused = way.call(
        "POST",
        f"/api/campanhas/{campanha['id']}/aprovar",
        {"conteudo_hash": campanha["conteudo_hash"]},
        status=409,
    )
    assert refused["code"] == 409
    way.advance(timedelta(hours=11))
    assert (
        way.rows(
            "SELECT id FROM nigredo_leads.disparos WHERE status = 'enviado' "
            f"AND campanha_id = '{campanha['id']}'"
        )
        == []
    )
    way.call(
        "POST",
        f"/api/campanhas/{campanha['id']}/aprovar",
        {"conteudo_hash": edited["conteudo_hash"]},
    )
    way.advance(timedelta(days=1))
    texts = [
        row.mensagem
        for row in way.rows(
            "SELECT mensagem FROM nigredo_leads.disparos WHERE status = 'enviado' "
            f"AND campanha_id = '{campanha['id']}'"
        )
    ]
    assert texts
    assert all(text.startswith("Texto novo para ") for text in texts)


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(way: Way) -> None:
    import_leads(way)
    for campanha in way.call("GET", "/api/campanhas")["itens"]:
        way.call("POST", f"/api/campanhas/{campanha['id']}/pausar")
    way.advance(timedelta(days=1))
    sent = "SELECT id FROM nigredo_leads.disparos WHERE status = 'enviado' AND tipo = 'prospeccao'"
    assert way.rows(sent) == []
    for campanha in way.call("GET", "/api/campanhas")["itens"]:
        way.call("POST", f"/api/campanhas/{campanha['id']}/retomar")
    way.advance(timedelta(days=1))
    assert len(way.rows(sent)) == 5


def test_forgetting_a_lead_removes_its_data_everywhere_and_keeps_it_away(way: Way) -> None:
    import_leads(way)
    way.advance(timedelta(hours=11))
    lead = lead_named(way, "Empresa Teste")
    exported = way.call("GET", f"/api/leads/{lead['id']}/exportacao")
    assert exported["leads"]["email"] == "test@empresateste.com.br"
    certificate = way.call("POST", f"/api/leads/{lead['id']}/esquecimento")
    assert certificate["registros"]["leads"] == 1
    assert certificate["registros"]["eventos"] > 0
    assert way.call("POST", f"/api/leads/{lead['id']}/esquecimento") == certificate
    way.drain()
    for table, column in (
        ("nigredo_leads.leads", "leads::text"),
        ("nigredo_leads.interacoes", "interacoes::text"),
        ("nigredo_leads.disparos", "disparos::text"),
        ("nigredo_leads.blocklist", "blocklist::text"),
        ("fibonacci_core.events", "events::text"),
    ):
        found = way.rows(f"SELECT 1 FROM {table} WHERE {column} LIKE '%%empresateste%%'")
        assert found == [], table
    way.call("POST", "/api/leads", [LEADS[0]], status=202)
    way.drain()
    rejected = way.rows("SELECT classe FROM nigredo_leads.importacao_rejeitos")
    assert [row.classe for row in rejected] == ["suppressed"]


def _messages_to(address: str) -> str:
    return (
        "SELECT mensagem FROM alquimista_platform.sandbox_mensagens "
        f"WHERE destinatario = '{address}' ORDER BY ordem"
    )
