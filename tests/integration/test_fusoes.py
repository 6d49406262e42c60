"""Leads that may be one: found after an import, merged, undone, refused, erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from alquimista.prospeccao.conversas.service import find_lead
from alquimista.prospeccao.fusoes import comparacao
from tests.integration.api.world import another_tenant, assert_error, audited
from tests.integration.conftest import Way
from tests.integration.test_main_way import lead_named

FUSOES = "/api/leads/fusoes"
PRIMEIRA = [
    {"empresa": "Prensas Vale", "email": "compras@prensasvale.com.br", "telefone": "11987654321"},
    {"empresa": "Aços Sul", "email": "joao@acossul.com.br", "cnpj": "11.222.333/0001-81"},
    {"empresa": "Moldes Norte Ltda", "email": "ana@moldesnorte.com.br", "contato": "Ana Reis"},
    {"empresa": "Tubos Leste", "email": "vendas@tubosleste.com.br", "telefone": "2133334444"},
]
SEGUNDA = [
    {"empresa": "Vale Prensas", "email": "bruna@gmail.com", "telefone": "(11) 98765-4321"},
    {"empresa": "Sul Metais", "email": "sul@gmail.com", "cnpj": "11222333000181"},
    {"empresa": "Moldes Norte", "email": "caio@moldesnorte.com.br", "telefone": "1155556666"},
    {"empresa": "Outra Coisa", "email": "contato@outracoisa.com.br", "telefone": "3133334444"},
]


def import_rows(way: Way, rows: list[dict[str, Any]]) -> None:
    """Post rows, let the agents read them and the leads be compared."""
    way.call("POST", "/api/leads", rows, status=202)
    way.advance(timedelta(minutes=2))


@pytest.fixture
def duas(way: Way) -> Way:
    """A tenant with two imports that share three companies."""
    import_rows(way, PRIMEIRA)
    import_rows(way, SEGUNDA)
    return way


def suggestion(way: Way, motivo: str) -> dict[str, Any]:
    """The one open suggestion of a reason."""
    [found] = [f for f in listed(way, "sugerida") if f["motivo"] == motivo]
    return found


def listed(way: Way, status: str) -> list[dict[str, Any]]:
    """The merges of one status."""
    found: list[dict[str, Any]] = way.call("GET", f"{FUSOES}?status={status}")["itens"]
    return found


def row_of(way: Way, lead_id: str) -> dict[str, Any]:
    """A lead's whole row, but for what every write moves."""
    [row] = way.rows(f"SELECT * FROM nigredo_leads.leads WHERE id = '{UUID(lead_id)}'")
    return {k: v for k, v in row._mapping.items() if k not in ("versao", "updated_at")}


def test_a_second_import_is_suggested_with_the_first_by_phone_cnpj_and_name(duas: Way) -> None:
    found = {
        (f["lead_empresa"], f["outro_empresa"], f["motivo"]): f["escore"]
        for f in listed(duas, "sugerida")
    }
    assert found == {
        ("Prensas Vale", "Vale Prensas", "telefone"): 100,
        ("Aços Sul", "Sul Metais", "cnpj"): 100,
        ("Moldes Norte Ltda", "Moldes Norte", "nome"): 100,
    }
    for empresa, outra in (("Prensas Vale", "Vale Prensas"), ("Vale Prensas", "Prensas Vale")):
        lead = duas.call("GET", f"/api/leads/{lead_named(duas, empresa)['id']}")
        [other] = lead["fusoes_sugeridas"]
        assert (other["empresa"], other["motivo"], other["escore"]) == (outra, "telefone", 100)
        assert other["lead_id"] == lead_named(duas, outra)["id"]
    alone = duas.call("GET", f"/api/leads/{lead_named(duas, 'Outra Coisa')['id']}")
    assert alone["fusoes_sugeridas"] == []


def test_comparing_again_changes_nothing_and_pages_hold_each_once(duas: Way) -> None:
    before = duas.rows("SELECT * FROM nigredo_leads.fusoes ORDER BY id")
    imports = duas.rows("SELECT id FROM nigredo_leads.importacoes")
    with duas.uow() as uow:
        uow.connection.exec_driver_sql("DELETE FROM nigredo_leads.fusao_blocos")
    for row in imports:
        with duas.uow() as uow:
            comparacao.passo(duas.system.services.ports, uow, row.id)
    assert duas.rows("SELECT * FROM nigredo_leads.fusoes ORDER BY id") == before
    page = duas.call("GET", f"{FUSOES}?limite=2")
    rest = duas.call("GET", f"{FUSOES}?limite=2&cursor={page['proximo']}")
    assert rest["proximo"] is None
    assert len({f["id"] for f in (*page["itens"], *rest["itens"])}) == 3


def test_a_merge_takes_what_is_missing_and_an_undo_restores_both_rows(duas: Way) -> None:
    fusao = suggestion(duas, "nome")
    before = row_of(duas, fusao["lead_id"]), row_of(duas, fusao["outro_id"])
    done = duas.call("POST", f"{FUSOES}/{fusao['id']}/fundir", {})
    assert (done["status"], set(done["campos"])) == ("feita", {"telefone", "telefone_norm"})
    assert done["campos"]["telefone"]["lead_id"] == fusao["outro_id"]
    assert done["campos"]["telefone"]["linha"] == before[1]["linha"]
    fica, sai = row_of(duas, fusao["lead_id"]), row_of(duas, fusao["outro_id"])
    assert fica == {**before[0], "telefone": "+551155556666", "telefone_norm": "+551155556666"}
    assert (sai["status"], sai["metadata"]["fundido_em"]) == ("bloqueado", fusao["lead_id"])
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/fundir", {}), 409)
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/recusar"), 409)
    undone = duas.call("POST", f"{FUSOES}/{fusao['id']}/desfazer")
    assert (undone["status"], undone["campos"]) == ("desfeita", {})
    assert undone["mantidos"] == {"lead": [], "outro": []}
    assert (row_of(duas, fusao["lead_id"]), row_of(duas, fusao["outro_id"])) == before
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/desfazer"), 409)
    assert len(audited(duas, "fusao")) == len(audited(duas, "fusao_desfeita")) == 2


def test_an_undo_leaves_and_names_what_changed_since(duas: Way) -> None:
    fusao = suggestion(duas, "nome")
    duas.call("POST", f"{FUSOES}/{fusao['id']}/fundir", {})
    with duas.uow() as uow:
        uow.connection.exec_driver_sql(
            "UPDATE nigredo_leads.leads SET telefone = '+551177778888', "
            f"telefone_norm = '+551177778888' WHERE id = '{fusao['lead_id']}'"
        )
        uow.connection.exec_driver_sql(
            "UPDATE nigredo_leads.leads SET setor = 'moldes', "
            "metadata = metadata || '{\"nota\": 1}' "
            f"WHERE id = '{fusao['outro_id']}'"
        )
    undone = duas.call("POST", f"{FUSOES}/{fusao['id']}/desfazer")
    assert undone["mantidos"] == {
        "lead": ["telefone", "telefone_norm"],
        "outro": ["metadata", "setor"],
    }
    assert row_of(duas, fusao["lead_id"])["telefone"] == "+551177778888"
    sai = row_of(duas, fusao["outro_id"])
    assert sai["status"] != "bloqueado"
    assert sai["metadata"]["nota"] == 1 and "fundido_em" not in sai["metadata"]


def test_a_refused_pair_is_not_suggested_again(duas: Way) -> None:
    fusao = suggestion(duas, "telefone")
    refused = duas.call("POST", f"{FUSOES}/{fusao['id']}/recusar")
    assert (refused["status"], refused["decidido_em"] is not None) == ("recusada", True)
    shown = duas.call("GET", f"/api/leads/{fusao['lead_id']}")
    assert shown["fusoes_sugeridas"] == []
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/fundir", {}), 409)
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/desfazer"), 409)


def test_the_other_may_stay_and_must_where_it_is_further(duas: Way) -> None:
    fusao = suggestion(duas, "cnpj")
    path = f"{FUSOES}/{fusao['id']}/fundir"
    assert_error(duas.response("POST", path, {"manter": str(uuid4())}), 404)
    assert_error(duas.response("POST", path, {"manter": "x"}), 422)
    duas.call("POST", f"/api/leads/{fusao['outro_id']}/converter", {"valor_centavos": 1})
    assert "manter" in assert_error(duas.response("POST", path, {}), 409)["message"]
    done = duas.call("POST", path, {"manter": fusao["outro_id"]})
    assert (done["lead_id"], done["outro_id"]) == (fusao["outro_id"], fusao["lead_id"])
    assert row_of(duas, fusao["outro_id"])["status"] == "convertido"


def test_the_conversation_of_a_merged_lead_goes_on_with_the_one_that_stayed(duas: Way) -> None:
    fusao = suggestion(duas, "telefone")
    sent = {"lead_id": fusao["outro_id"], "mensagem": "Quanto custa?"}
    duas.call("POST", "/api/sandbox/respostas", sent, status=202)
    duas.advance(timedelta(minutes=1))
    planned = (
        "INSERT INTO nigredo_leads.disparos (tenant_id, id, lead_id, tipo, canal, mensagem, "
        "assunto, chave_idempotencia, status, enviar_em, trace_id, created_at, tentativa, anexos, "
        "verificacoes, adiamentos) SELECT tenant_id, gen_random_uuid(), id, 'prospeccao', 'email', "
        "'Olá', '', 'teste', 'planejado', created_at + interval '9 days', gen_random_uuid(), "
        "created_at, 0, '[]', '[]', 0 FROM nigredo_leads.leads WHERE id = "
    )
    with duas.uow() as uow:
        uow.connection.exec_driver_sql(f"{planned}'{fusao['outro_id']}'")
    duas.call("POST", f"{FUSOES}/{fusao['id']}/fundir", {"manter": fusao["lead_id"]}, status=409)
    duas.call("POST", f"/api/leads/{fusao['lead_id']}/converter", {"valor_centavos": 1})
    duas.call("POST", f"{FUSOES}/{fusao['id']}/fundir", {})
    [row] = duas.rows(
        "SELECT status, motivo FROM nigredo_leads.disparos WHERE chave_idempotencia = 'teste'"
    )
    assert tuple(row) == ("cancelado", "fusao")
    timeline = duas.call("GET", f"/api/leads/{fusao['lead_id']}")["linha_do_tempo"]
    [said] = [e for e in timeline if e["detalhes"].get("mensagem") == "Quanto custa?"]
    assert said["detalhes"]["lead_id"] == fusao["outro_id"]
    assert [e["titulo"] for e in timeline].count("fusao") == 1
    with duas.uow() as uow:
        found = find_lead(uow, "email", "bruna@gmail.com")
    assert found is not None and str(found.id) == fusao["lead_id"]


def test_who_opted_out_is_neither_suggested_nor_merged_nor_brought_back(duas: Way) -> None:
    fusao, made = suggestion(duas, "telefone"), suggestion(duas, "nome")
    duas.call("POST", f"/api/leads/{fusao['outro_id']}/descadastro", {})
    assert fusao["id"] not in {f["id"] for f in listed(duas, "sugerida")}
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/fundir", {}), 409)
    duas.call("POST", f"{FUSOES}/{made['id']}/fundir", {})
    duas.call("POST", f"/api/leads/{made['lead_id']}/descadastro", {})
    assert row_of(duas, made["outro_id"])["status"] == "descadastrado"
    blocked = duas.rows("SELECT lead_id FROM nigredo_leads.blocklist")
    assert {made["lead_id"], made["outro_id"]} <= {str(row.lead_id) for row in blocked}
    assert_error(duas.response("POST", f"{FUSOES}/{made['id']}/desfazer"), 409)
    again = [{"empresa": "Moldes Norte", "email": "zoe@moldesnorte.com.br"}]
    import_rows(duas, again)
    assert {f["motivo"] for f in listed(duas, "sugerida")} == {"cnpj"}


@pytest.mark.parametrize("asked", ["lead_id", "outro_id"])
def test_erasing_either_lead_of_a_merge_erases_both_and_their_provenance(
    duas: Way, asked: str
) -> None:
    fusao = suggestion(duas, "nome")
    duas.call("POST", f"{FUSOES}/{fusao['id']}/fundir", {})
    exported = duas.call("GET", f"/api/leads/{fusao['lead_id']}/exportacao")
    assert exported["fusoes"][0]["outro_id"] == fusao["outro_id"]
    certificate = duas.call("POST", f"/api/leads/{fusao[asked]}/esquecimento")
    assert certificate["lead_id"] == fusao[asked]
    assert certificate == duas.call("POST", f"/api/leads/{fusao[asked]}/esquecimento")
    assert len(duas.rows("SELECT 1 FROM nigredo_leads.esquecimentos")) == 2
    assert_error(duas.response("POST", f"{FUSOES}/{fusao['id']}/desfazer"), 409)
    for lead_id in (fusao["lead_id"], fusao["outro_id"]):
        assert row_of(duas, lead_id)["empresa"] == "ANONIMIZADO"
        expect_nothing_left(duas, lead_id, "moldesnorte.com.br", "+551155556666")
    told = duas.rows(
        "SELECT destinatarios FROM nigredo_leads.disparos WHERE tipo = 'confirmacao' ORDER BY 1"
    )
    assert [row.destinatarios for row in told] == [
        ["ana@moldesnorte.com.br"],
        ["caio@moldesnorte.com.br"],
    ]


def test_erasing_a_lead_drops_its_suggestions(duas: Way) -> None:
    fusao = suggestion(duas, "telefone")
    certificate = duas.call("POST", f"/api/leads/{fusao['outro_id']}/esquecimento")
    assert certificate["registros"]["fusoes"] == 2
    assert {f["motivo"] for f in listed(duas, "sugerida")} == {"cnpj", "nome"}
    assert row_of(duas, fusao["lead_id"])["empresa"] == "Prensas Vale"


def expect_nothing_left(way: Way, lead_id: str, *texts: str) -> None:
    """No merge, block or lead holds the texts; the merges' rows hold no provenance."""
    rows = way.rows("SELECT t::text FROM nigredo_leads.leads t")
    rows += way.rows("SELECT t::text FROM nigredo_leads.fusoes t")
    rows += way.rows("SELECT t::text FROM nigredo_leads.blocklist t")
    assert [row for row in rows for text in texts if text in str(row)] == []
    assert way.rows(f"SELECT 1 FROM nigredo_leads.fusao_blocos WHERE id = '{lead_id}'") == []


def test_an_import_with_suggestions_can_be_undone_and_one_with_a_merge_cannot(duas: Way) -> None:
    first, second = duas.call("GET", "/api/leads/importacoes")["itens"][::-1]
    fusao = suggestion(duas, "nome")
    duas.call("POST", f"{FUSOES}/{fusao['id']}/fundir", {})
    for importacao in (first, second):
        path = f"/api/leads/importacoes/{importacao['id']}/desfazer"
        assert_error(duas.response("POST", path), 409)
    duas.call("POST", f"{FUSOES}/{fusao['id']}/desfazer")
    duas.call("POST", f"/api/leads/importacoes/{second['id']}/desfazer")
    assert duas.rows("SELECT 1 FROM nigredo_leads.fusoes") == []


def test_another_tenant_finds_no_merge_and_shares_no_suggestion(duas: Way) -> None:
    other = another_tenant(duas.system, "Beta Comércio")
    fusao = suggestion(duas, "telefone")
    assert other.call("GET", FUSOES)["itens"] == []
    for verb in ("fundir", "recusar", "desfazer"):
        assert_error(other.response("POST", f"{FUSOES}/{fusao['id']}/{verb}", {}), 404)
    reader = another_tenant(duas.system, "Gama", papel="viewer")
    assert_error(reader.response("POST", f"{FUSOES}/{fusao['id']}/recusar"), 403)


def test_two_thousand_leads_are_compared_in_short_steps(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs are found across steps; a block that is too large is left out, not worked through."""
    monkeypatch.setattr(comparacao, "PASSO", 300)
    with way.uow() as uow:
        uow.connection.exec_driver_sql(
            "INSERT INTO nigredo_leads.importacoes (tenant_id, id, origem, status, avisos, "
            "total_linhas, trace_id, created_at) "
            f"VALUES ('{way.tenant_id}', '{way.tenant_id}', 'api', 'concluida', '[]', 2000, "
            "gen_random_uuid(), now())"
        )
        uow.connection.exec_driver_sql(
            "INSERT INTO nigredo_leads.leads (tenant_id, id, empresa, email, email_norm, telefone, "
            "telefone_norm, chave_dedupe, status, enriquecimento, importacao_id, pausado, "
            "token_conversa, created_at, updated_at, metadata) "
            f"SELECT '{way.tenant_id}', gen_random_uuid(), 'Firma ' || md5(n::text), e, e, t, t, "
            f"e || t, 'novo', 'pendente', '{way.tenant_id}', false, 0, now(), "
            "now(), '{}' FROM (SELECT n, 'a' || n || '@d' || (n %% 10) || '.com.br' AS e, "
            "CASE WHEN n <= 40 THEN '+551130000000' ELSE "
            "'+5511' || (31000000 + n %% 1000) END AS t FROM generate_series(1, 2000) n) x"
        )
        way.system.services.ports.timers.schedule(
            uow.connection, way.tenant_id, uow.agora, "fusoes", way.tenant_id
        )
    way.drain()
    assert way.rows("SELECT count(*) FROM nigredo_leads.fusao_blocos")[0][0] == 2000
    found = way.rows("SELECT motivo, count(*) FROM nigredo_leads.fusoes GROUP BY motivo")
    assert dict(map(tuple, found)) == {"telefone": 960}
    steps = way.rows("SELECT 1 FROM fibonacci_core.events WHERE type = 'fusoes'")
    assert len(steps) == 7
    assert way.system.timers is not None and not way.rows(
        "SELECT 1 FROM fibonacci_core.timers WHERE kind = 'fusoes'"
    )
