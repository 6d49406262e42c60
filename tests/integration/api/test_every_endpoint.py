"""Each endpoint works once, as its users call it."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

from tests.integration.api.world import NOBODY, as_owner, assert_error, audited
from tests.integration.conftest import Way
from tests.integration.test_main_way import lead_named

CSV = (
    "empresa;contato;telefone;email\n"
    "Cabos Litoral;Rita Sá;(13) 99712-3456;rita@caboslitoral.com.br\n"
    "Sem Canal Ltda;José;;\n"
)


def new_lead(way: Way, empresa: str) -> dict[str, Any]:
    """Import one lead and find it."""
    email = f"contato@{uuid4().hex[:10]}.com.br"
    way.call("POST", "/api/leads", {"empresa": empresa, "email": email}, status=202)
    way.drain()
    return lead_named(way, empresa)


def meetings(way: Way, empresa: str) -> list[dict[str, Any]]:
    """The meetings of one lead."""
    lead_id = lead_named(way, empresa)["id"]
    found: list[dict[str, Any]] = way.call("GET", f"/api/agendamentos?lead_id={lead_id}")["itens"]
    return found


def test_health_answers_without_a_token(mundo: Way) -> None:
    assert mundo.client.get("/health").get_json() == {"ok": True}
    ready = mundo.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["ok"] is True
    assert len(ready.get_json()["componentes"]["agentes"]["detalhes"]["admitidos"]) == 7


def test_a_person_signs_in_and_learns_who_they_are(mundo: Way) -> None:
    sent = {"email": "admin@aurora.example.com", "senha": "Aurora2026"}
    token = mundo.client.post("/api/auth/login", json=sent).get_json()
    assert set(token) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    me = mundo.call("GET", "/api/me")
    assert me["usuario"]["email"] == sent["email"]
    assert me["tenant"]["sandbox"] is True
    assert "leads:write" in me["permissoes"]
    assert mundo.client.get("/.well-known/jwks.json").get_json()["keys"]


def test_agents_are_listed_shown_deactivated_and_activated(mundo: Way) -> None:
    listed = mundo.call("GET", "/api/agents")["itens"]
    assert [agent["id"] for agent in listed if agent["ativo"]] == [
        f"nigredo_{name}"
        for name in (
            "agendamento",
            "atendimento",
            "disparo",
            "estrategia",
            "recebimento",
            "relatorios",
            "sentimento",
        )
    ]
    one = mundo.call("GET", "/api/agents/nigredo_relatorios")
    assert one["escopos"] and all(item["reason"] for item in one["escopos"])
    assert one["config_schema"]["type"] == "object"
    off = mundo.call("POST", "/api/agents/nigredo_relatorios/deactivate")
    assert off["ativo"] is False
    on = mundo.call("POST", "/api/agents/nigredo_relatorios/activate")
    assert on["ativo"] is True
    bad = {"config": {"campo_que_nao_existe": 1}}
    response = mundo.response("POST", "/api/agents/nigredo_relatorios/activate", bad)
    assert "campo_que_nao_existe" in assert_error(response, 422)["message"]


def test_an_event_is_published_and_followed_by_its_trace(mundo: Way) -> None:
    trace = str(uuid4())
    event = {"source": "crm.aurora", "type": "cliente.novo", "detail": {"nome": "Ação"}}
    response = mundo.response("POST", "/events", event, headers={"X-Trace-Id": trace})
    assert response.status_code == 202
    [found] = mundo.call("GET", f"/api/events?trace_id={trace}")["itens"]
    assert (found["id"], found["source"]) == (response.get_json()["id"], "crm.aurora")
    newest = mundo.call("GET", "/api/events?limite=1")["itens"]
    assert len(newest) == 1


def test_a_lead_is_shown_with_its_timeline_in_order(mundo: Way) -> None:
    lead = mundo.call("GET", f"/api/leads/{lead_named(mundo, 'Empresa Teste')['id']}")
    moments = [entry["quando"] for entry in lead["linha_do_tempo"]]
    assert moments == sorted(moments)
    assert {e["tipo"] for e in lead["linha_do_tempo"]} >= {
        "evento",
        "mensagem",
        "disparo",
        "agendamento",
    }
    page = mundo.call("GET", "/api/leads?limite=2")
    rest = mundo.call("GET", f"/api/leads?limite=200&cursor={page['proximo']}")
    ids = [item["id"] for item in (*page["itens"], *rest["itens"])]
    assert len(ids) == len(set(ids)) >= 5
    told = mundo.call("GET", "/api/leads?status=agendado")["itens"]
    assert [item["empresa"] for item in told] == ["Empresa Teste"]


def test_a_conversation_is_read_page_by_page_oldest_first(mundo: Way) -> None:
    path = f"/api/leads/{lead_named(mundo, 'Empresa Teste')['id']}/interacoes"
    everything = mundo.call("GET", path)["itens"]
    assert [item["tipo"] for item in everything[:2]] == ["enviado", "recebido"]
    assert everything[1]["mensagem"] == "Tenho interesse, vamos agendar"
    assert everything[1]["intent"] == "interest"
    first = mundo.call("GET", f"{path}?limite=2")
    second = mundo.call("GET", f"{path}?limite=200&cursor={first['proximo']}")
    assert first["itens"] + second["itens"] == everything


def test_a_sale_is_recorded_in_cents(mundo: Way) -> None:
    lead = new_lead(mundo, "Vendas Certas")
    path = f"/api/leads/{lead['id']}/converter"
    assert mundo.call("POST", path, {"valor_centavos": 129_000})["status"] == "convertido"
    for wrong in (-1, "129,00", 12.5, None, 2**31):
        assert_error(mundo.response("POST", path, {"valor_centavos": wrong}), 422, hint=wrong)
    assert [entry.detalhes for entry in audited(mundo, "conversao")] == [
        {"valor_centavos": 129_000}
    ]


def test_an_opt_out_by_a_person_counts_once(mundo: Way) -> None:
    lead = new_lead(mundo, "Saída Pedida")
    path = f"/api/leads/{lead['id']}/descadastro"
    for _ in range(2):
        assert mundo.call("POST", path, {"motivo": "ligou"})["status"] == "descadastrado"
    entries = [e for e in audited(mundo, "descadastro") if str(e.alvo_id) == lead["id"]]
    assert [entry.detalhes["motivo"] for entry in entries] == ["ligou"]


def test_a_lead_is_exported_and_forgotten_with_a_certificate(mundo: Way) -> None:
    lead = new_lead(mundo, "Para Esquecer")
    exported = mundo.call("GET", f"/api/leads/{lead['id']}/exportacao")
    assert exported["leads"]["empresa"] == "Para Esquecer"
    certificate = mundo.call("POST", f"/api/leads/{lead['id']}/esquecimento")
    assert set(certificate) == {
        "certificado_id",
        "lead_id",
        "apagado_em",
        "registros",
        "permanece",
    }
    shown = mundo.response("GET", f"/api/leads/{lead['id']}").get_data(as_text=True)
    assert lead["email"] not in shown


def test_a_file_is_uploaded_read_and_its_rejects_are_told(mundo: Way) -> None:
    response = mundo.response(
        "POST",
        "/api/leads/importacoes",
        data={"arquivo": (BytesIO(CSV.encode()), "leads.csv")},
    )
    assert response.status_code == 202, response.get_data(as_text=True)
    path = response.headers["Location"]
    assert path == f"/api/leads/importacoes/{response.get_json()['id']}"
    mundo.drain()
    done = mundo.call("GET", path)
    assert (done["status"], done["aceitos"], done["rejeitados"]) == ("concluida", 1, 1)
    [reject] = done["rejeitos"]["itens"]
    assert (reject["linha"], reject["classe"]) == (3, "no_channel")
    assert done["id"] in {i["id"] for i in mundo.call("GET", "/api/leads/importacoes")["itens"]}


def test_a_file_name_and_options_with_strange_text_break_nothing(mundo: Way) -> None:
    for options in (
        {"planilha": "a\x00b"},
        {"mapeamento": "{"},
        {"mapeamento": '{"B": 3}'},
        {"linha_cabecalho": "-1"},
        {"linha_cabecalho": "x"},
    ):
        data = {"arquivo": (BytesIO(CSV.encode()), "leads.csv"), **options}
        response = mundo.response("POST", "/api/leads/importacoes", data=data)
        assert_error(response, 400, 422, hint=options)
    name = "../../etc/\u202epasswd" + "x" * 400 + ".csv"
    data = {"arquivo": (BytesIO(CSV.encode()), name)}
    response = mundo.response("POST", "/api/leads/importacoes", data=data)
    assert response.status_code in (202, 422), response.get_data(as_text=True)
    mundo.drain()


def test_a_campaign_is_paused_resumed_and_approved(mundo: Way) -> None:
    campanha = mundo.call("GET", "/api/campanhas?status=ativa")["itens"][0]
    path = f"/api/campanhas/{campanha['id']}"
    assert mundo.call("POST", f"{path}/pausar")["status"] == "pausada"
    assert mundo.call("POST", f"{path}/retomar")["status"] == "ativa"
    shown = mundo.call("GET", path)
    assert shown["previas"] and len(shown["conteudo_hash"]) == 64
    wrong = mundo.response("POST", f"{path}/aprovar", {"conteudo_hash": "0" * 64})
    assert_error(wrong, 409)
    assert_error(mundo.response("POST", f"{path}/retomar"), 409)


def test_a_meeting_that_took_place_cannot_be_cancelled_any_more(mundo: Way) -> None:
    [booked] = meetings(mundo, "Empresa Teste")
    path = f"/api/agendamentos/{booked['id']}"
    assert booked["status"] == "confirmado"
    assert mundo.call("PATCH", path, {"status": "realizado"})["status"] == "realizado"
    for status in ("cancelado", "remarcado", "realizado"):
        body = assert_error(mundo.response("PATCH", path, {"status": status}), 409, hint=status)
        assert "realizad" in body["message"]
    assert_error(mundo.response("PATCH", path, {"status": "confirmado"}), 422)


def test_an_offered_meeting_is_cancelled_and_its_slots_are_free_again(mundo: Way) -> None:
    offered = next(m for m in meetings(mundo, "Aços Sul") if m["status"] == "proposto")
    path = f"/api/agendamentos/{offered['id']}"
    assert_error(mundo.response("PATCH", path, {"status": "realizado"}), 409)
    assert mundo.call("PATCH", path, {"status": "cancelado"})["status"] == "cancelado"
    held = mundo.rows(
        "SELECT estado FROM nigredo_leads.agendamento_horarios "
        f"WHERE agendamento_id = '{offered['id']}'"
    )
    assert {row.estado for row in held} == {"liberado"}


def test_the_funnel_names_each_denominator(mundo: Way) -> None:
    funnel = mundo.call("GET", "/api/relatorios/funil")
    assert funnel["leads_recebidos"] >= 5
    assert funnel["taxas"]
    for name, taxa in funnel["taxas"].items():
        assert taxa["denominador_nome"], name
        assert (taxa["valor"] is None) == (taxa["denominador"] == 0), name
    empty = mundo.call("GET", "/api/relatorios/funil?inicio=2020-01-01&fim=2020-01-02")
    assert empty["leads_recebidos"] == 0
    assert {taxa["valor"] for taxa in empty["taxas"].values()} == {None}
    backwards = mundo.response("GET", "/api/relatorios/funil?inicio=2020-02-01&fim=2020-01-01")
    assert_error(backwards, 422)


def test_a_dead_letter_is_listed_and_sent_again_once(mundo: Way) -> None:
    event = {"source": "crm.aurora", "type": "morto", "detail": {"a": 1}}
    event_id = mundo.call("POST", "/events", event)["id"]
    dead = str(uuid4())
    as_owner(
        mundo.system,
        "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, error_class, "
        "error_text, receives) VALUES (:id, :tenant, 'nigredo_recebimento', :event, 'permanent', "
        "'PermanentError: motivo', 1)",
        id=dead,
        tenant=mundo.tenant_id,
        event=event_id,
    )
    pending = mundo.call("GET", "/api/dead-letters?pendentes=true")["itens"]
    assert [item["id"] for item in pending] == [dead]
    path = f"/api/dead-letters/{dead}/redrive"
    assert mundo.response("POST", path).status_code == 202
    assert_error(mundo.response("POST", path), 409)
    mundo.drain()


def test_the_sandbox_shows_messages_answers_as_a_lead_and_moves_time(mundo: Way) -> None:
    lead = lead_named(mundo, "Moldes Norte")
    shown = mundo.call("GET", f"/api/sandbox/mensagens?lead_id={lead['id']}")["itens"]
    assert shown and shown[0]["canal"] == "email"
    sent = {"lead_id": lead["id"], "mensagem": "Qual o prazo?"}
    assert set(mundo.call("POST", "/api/sandbox/respostas", sent, status=202)) == {"interacao_id"}
    before = mundo.agora()
    moved = mundo.call("POST", "/api/sandbox/relogio", {"avancar_segundos": 60})
    assert moved["adiantado_segundos"] > 0
    assert mundo.agora() - before >= timedelta(seconds=60)
    mundo.drain()
    no_phone = {"lead_id": lead["id"], "mensagem": "oi", "canal": "whatsapp"}
    assert_error(mundo.response("POST", "/api/sandbox/respostas", no_phone), 422)
    unknown = {"lead_id": str(NOBODY), "mensagem": "oi"}
    assert_error(mundo.response("POST", "/api/sandbox/respostas", unknown), 404)


def test_the_report_of_a_day_is_a_pdf(mundo: Way) -> None:
    mundo.advance(timedelta(days=1))
    [row] = mundo.rows(
        "SELECT data FROM nigredo_leads.metricas_diarias WHERE pdf_chave IS NOT NULL "
        "ORDER BY data DESC LIMIT 1"
    )
    pdf = mundo.response("GET", f"/api/relatorios/{row.data}.pdf")
    assert pdf.mimetype == "application/pdf"
    assert pdf.get_data().startswith(b"%PDF")
    assert_error(mundo.response("GET", "/api/relatorios/2020-01-01.pdf"), 404)
