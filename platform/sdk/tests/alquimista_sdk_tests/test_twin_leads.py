"""The twin's leads, imports and lots."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import (
    LEAD_STATUS,
    Agendamento,
    Importacao,
    Lead,
    LeadChanges,
    LeadHigienizado,
    LinhaBruta,
    NovoDisparo,
    NovoLote,
    Rejeito,
)
from alquimista_sdk.testing import TwinContext, make_event
from alquimista_sdk.testing.leads import next_status
from alquimista_sdk_tests.manifests import everything

LEAD = UUID("11111111-1111-4111-8111-111111111111")
IMPORT = UUID("22222222-2222-4222-8222-222222222222")


def row(line: int, email: str | None = None, telefone: str | None = None) -> LeadHigienizado:
    return LeadHigienizado(
        empresa=f"Empresa {line}",
        planilha="Plan1",
        linha=line,
        email=email,
        email_norm=email.lower() if email else None,
        telefone=telefone,
        telefone_norm=telefone,
        avisos=("incomplete_contact",),
    )


def twin_with_import() -> TwinContext:
    twin = TwinContext(everything())
    twin.store.add(Importacao(IMPORT, "planilha", "processando"))
    return twin.for_event(make_event("alquimista.importacoes.received"))


def test_staged_rows_become_leads_with_ids_of_their_rows() -> None:
    twin = twin_with_import()
    staged = twin.leads.stage(IMPORT, 0, [row(2, "A@x.example")], [])
    lead_id = uuid5(IMPORT, "Plan1:2")
    assert staged.lead_ids == (lead_id,)
    lead = twin.leads.get(lead_id)
    assert (lead.status, lead.importacao_id, lead.email) == ("novo", IMPORT, "A@x.example")
    assert lead.metadata == {"avisos": ["incomplete_contact"]}


def test_staging_refuses_duplicates_by_email_and_phone_together() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "Antiga", "novo", email="Tem@x.example"))
    rows = [
        row(2, "a@x.example", "+551133334444"),
        row(3, "a@x.example", "+551133334444"),
        row(4, "b@x.example", "+551133334444"),
        row(5, "tem@x.example"),
    ]
    staged = twin.leads.stage(IMPORT, 0, rows, [])
    assert [lead_id is None for lead_id in staged.lead_ids] == [False, True, False, True]
    assert [(item.classe, item.linha) for item in staged.rejeitos] == [
        ("duplicate", 3),
        ("duplicate", 5),
    ]


def test_the_ninth_digit_makes_no_other_person() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "Antiga", "novo", telefone="+5511987654321"))
    staged = twin.leads.stage(IMPORT, 0, [row(2, telefone="+551187654321")], [])
    assert staged.rejeitos[0].classe == "duplicate"


def test_people_who_asked_to_be_forgotten_do_not_come_back() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "Antiga", "respondeu", email="sai@x.example"))
    twin.leads.opt_out(LEAD, "pediu")
    twin.commit()
    staged = twin.leads.stage(IMPORT, 0, [row(2, "sai@x.example", "+551133334444")], [])
    assert staged.lead_ids == (None,)
    assert staged.rejeitos[0].classe == "suppressed"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "a@x.example", "b@x.example", "c@x.example"]),
            st.sampled_from([None, "+551133334444", "+551133335555"]),
        ),
        max_size=8,
    ),
    st.integers(0, 8),
)
def test_staging_again_answers_the_same_and_changes_nothing(
    people: list[tuple[str | None, str | None]], cut: int
) -> None:
    twin = twin_with_import()
    twin.store.suprimidos.add("c@x.example")
    rows = [row(line, email, phone) for line, (email, phone) in enumerate(people, start=2)]
    own = [Rejeito("Plan1", 99, "B", "invalid_data", "e-mail inválido")]
    batches = [(0, rows[:cut], own), (1, rows[cut:], [])]
    first = [twin.leads.stage(IMPORT, *batch) for batch in batches]
    before = twin.effects()
    assert [twin.leads.stage(IMPORT, *batch) for batch in batches] == first
    assert twin.effects() == before
    accepted = sum(lead_id is not None for staged in first for lead_id in staged.lead_ids)
    importacao = twin.leads.importacao(IMPORT)
    assert importacao.aceitos == accepted == len(twin.store.leads)
    assert importacao.rejeitados == len(rows) - accepted + 1 == len(twin.store.rejeitos[IMPORT])


def test_staging_keeps_its_limits() -> None:
    twin = twin_with_import()
    with pytest.raises(PermanentError, match="at most 5000"):
        twin.leads.stage(IMPORT, 0, [row(1)] * 5001, [])
    with pytest.raises(PermanentError, match="reject classes"):
        twin.leads.stage(IMPORT, 0, [], [Rejeito("P", 1, None, "feio", "x")])
    with pytest.raises(NotFound):
        twin.leads.stage(uuid4(), 0, [], [])


def test_lots_are_created_once_and_by_the_event_that_was_first() -> None:
    twin = twin_with_import()
    first_event = make_event("nigredo.recebimento.enriched")
    twin.store.add(Lead(LEAD, "A", "enriquecido"))
    new = [NovoLote("Lote 1", "varejo", "A", (LEAD,)), NovoLote("Lote 2", "varejo", "B", ())]
    lotes = twin.for_event(first_event).leads.create_lotes(IMPORT, new)
    assert [(lote.nome, lote.quantidade) for lote in lotes] == [("Lote 1", 1), ("Lote 2", 0)]
    assert twin.leads.by_lote(lotes[0].id)[0].segmento == "varejo"
    assert twin.for_event(first_event).leads.create_lotes(IMPORT, new) == lotes
    other = make_event("nigredo.recebimento.enriched")
    assert twin.for_event(other).leads.create_lotes(IMPORT, new) == ()
    assert twin.leads.lote(lotes[0].id) == lotes[0]
    with pytest.raises(NotFound):
        twin.leads.lote(uuid4())


def test_lots_need_an_event() -> None:
    with pytest.raises(PermanentError, match="handler of an event"):
        twin_with_import().for_lifecycle().leads.create_lotes(IMPORT, [])


def test_a_lot_is_read_highest_priority_first() -> None:
    twin = twin_with_import()
    lote = uuid4()
    priorities = (None, 10, 90, 0)
    twin.store.add(*(Lead(uuid4(), "E", "novo", prioridade=p, lote_id=lote) for p in priorities))
    assert [lead.prioridade for lead in twin.leads.by_lote(lote)] == [90, 10, 0, None]


def test_leads_wait_for_enrichment_until_it_is_written() -> None:
    twin = twin_with_import()
    twin.store.add(
        Lead(LEAD, "A", "novo", importacao_id=IMPORT),
        Lead(uuid4(), "B", "novo", importacao_id=IMPORT),
        Lead(uuid4(), "C", "novo"),
    )
    assert twin.leads.count_pending(IMPORT) == 2
    assert [lead.empresa for lead in twin.leads.by_importacao(IMPORT)] == ["A", "B"]
    twin.leads.update(LEAD, LeadChanges(enriquecimento="sandbox", status="enriquecido"))
    twin.commit()
    assert twin.leads.count_pending(IMPORT) == 1
    assert twin.store.enriquecimento == {LEAD: "sandbox"}


def test_none_leaves_a_field_and_metadata_merges() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "A", "novo", setor="varejo", metadata={"a": 1, "b": 2}))
    twin.leads.get(LEAD)
    twin.leads.update(LEAD, LeadChanges(cidade="Recife", metadata={"b": 3}))
    twin.leads.update(LEAD, LeadChanges(uf="PE"))
    twin.commit()
    lead = twin.leads.get(LEAD)
    assert (lead.setor, lead.cidade, lead.uf, lead.versao) == ("varejo", "Recife", "PE", 3)
    assert lead.metadata == {"a": 1, "b": 3}


def test_a_status_that_does_not_exist_is_refused() -> None:
    twin = twin_with_import()
    with pytest.raises(PermanentError, match="'feliz' is no status"):
        twin.leads.update(LEAD, LeadChanges(status="feliz"))


@given(st.lists(st.sampled_from(LEAD_STATUS), min_size=1, max_size=8))
def test_final_statuses_stay_whatever_is_asked(asked: list[str]) -> None:
    status = "novo"
    ended = None
    for item in asked:
        status = next_status(status, item)
        ended = ended or (status if status in ("descadastrado", "bloqueado") else None)
    assert ended is None or status == ended


def test_the_funnel_does_not_go_back() -> None:
    assert next_status("agendado", "respondeu") == "agendado"
    assert next_status("agendado", "descartado") == "descartado"
    assert next_status("descartado", "respondeu") == "respondeu"


def test_a_write_may_follow_the_runs_own_opt_out() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "A", "novo"))
    twin.leads.get(LEAD)
    twin.leads.opt_out(LEAD, "pediu")
    twin.leads.update(LEAD, LeadChanges(setor="varejo"))
    twin.commit()
    assert twin.store.leads[LEAD].setor == "varejo"
    assert twin.store.leads[LEAD].status == "descadastrado"


def plan(etapa: str = "topo") -> NovoDisparo:
    now = TwinContext(everything()).now
    return NovoDisparo(LEAD, IMPORT, etapa, 0, "A", "email", "Assunto", "Olá", now)


def test_an_opt_out_stops_everything_and_is_confirmed_once() -> None:
    twin = twin_with_import()
    now = twin.now
    lead = Lead(LEAD, "A", "respondeu", email="a@x.example", telefone="+5511987654321")
    coming = Agendamento(uuid4(), LEAD, "confirmado", now + timedelta(days=1), 60, 1)
    past = replace(coming, id=uuid4(), data_hora=now - timedelta(days=1))
    twin.store.add(lead, coming, past)
    twin.disparos.plan(plan())
    twin.commit()
    for _ in range(2):
        twin.leads.opt_out(LEAD, "pediu")
        twin.commit()
    assert twin.store.leads[LEAD].status == "descadastrado"
    assert twin.store.suprimidos == {"a@x.example", "+551187654321"}
    assert [(item.tipo, item.status) for item in twin.store.disparos] == [
        ("prospeccao", "cancelado"),
        ("confirmacao", "planejado"),
    ]
    assert twin.store.agendamentos[coming.id].status == "cancelado"
    assert twin.store.agendamentos[past.id].status == "confirmado"
    assert twin.store.descadastros == {LEAD: "pediu"}
    assert twin.replies == []


def test_a_refusal_discards_without_a_confirmation() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "A", "respondeu", email="a@x.example"))
    twin.disparos.plan(plan())
    twin.leads.refuse(LEAD, "recusa")
    twin.leads.refuse(LEAD, "de novo")
    twin.commit()
    assert twin.store.leads[LEAD].status == "descartado"
    assert [item.status for item in twin.store.disparos] == ["cancelado"]
    assert twin.store.recusas == {LEAD: "recusa"}


def test_a_pause_cancels_prospecting_only() -> None:
    twin = twin_with_import()
    twin.store.add(Lead(LEAD, "A", "respondeu"))
    twin.disparos.plan(plan())
    twin.leads.pause(LEAD, "irritado")
    twin.commit()
    assert twin.leads.get(LEAD).pausado
    assert twin.store.pausas == {LEAD: "irritado"}
    assert [item.status for item in twin.disparos.by_lead(LEAD)] == ["cancelado"]


def test_raw_rows_are_iterated_and_an_unreadable_file_raises_where_it_breaks() -> None:
    twin = twin_with_import()
    lines = [LinhaBruta("Plan1", 2, {"empresa": "A"})]
    twin.store.linhas[IMPORT] = lines
    assert list(twin.leads.rows(IMPORT)) == lines
    twin.store.leituras_falhas[IMPORT] = PermanentError("arquivo ilegível")
    rows = twin.leads.rows(IMPORT)
    assert next(rows) == lines[0]
    with pytest.raises(PermanentError, match="ilegível"):
        next(rows)
    with pytest.raises(NotFound):
        twin.leads.rows(uuid4())


def test_an_import_that_is_read_is_in_progress_and_ends_once() -> None:
    twin = twin_with_import()
    twin.store.add(Importacao(IMPORT, "planilha", "recebida"))
    twin.leads.rows(IMPORT)
    assert twin.leads.importacao(IMPORT).status == "processando"
    twin.leads.stage(IMPORT, 0, [row(2, "a@x.example")], [])
    twin.leads.finish_importacao(IMPORT)
    twin.leads.finish_importacao(IMPORT, "tarde demais")
    twin.commit()
    importacao = twin.leads.importacao(IMPORT)
    assert (importacao.status, importacao.total_linhas) == ("concluida", 1)


@pytest.mark.parametrize(("erro", "status"), [(None, "concluida"), ("ilegível", "falhou")])
def test_an_import_ends_well_or_with_an_error(erro: str | None, status: str) -> None:
    twin = twin_with_import()
    twin.leads.finish_importacao(IMPORT, erro)
    twin.commit()
    assert twin.leads.importacao(IMPORT).status == status
    assert twin.store.erros_importacao.get(IMPORT) == erro


def test_leads_are_found_in_the_order_asked_for() -> None:
    twin = twin_with_import()
    other = uuid4()
    twin.store.add(Lead(LEAD, "A", "novo"), Lead(other, "B", "novo"))
    assert [lead.id for lead in twin.leads.get_many([other, uuid4(), LEAD])] == [other, LEAD]
    with pytest.raises(NotFound):
        twin.leads.get(uuid4())


def test_the_store_refuses_what_it_has_no_place_for() -> None:
    with pytest.raises(TypeError, match="no place for int"):
        twin_with_import().store.add(3)
