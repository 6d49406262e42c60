"""A batch of cleaned rows on its way into the table: what cells hold, and asking again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alquimista.prospeccao.importacoes import service as importacoes
from alquimista.prospeccao.leads.context import LeadsContext
from alquimista.prospeccao.leads.staging import stage
from alquimista_sdk.models import LeadHigienizado, Rejeito, StagedLeads
from tests.integration.conftest import Way

ESPECIAIS = ("\t", "\n", "\r", "\\", "\\N", "\\.", "\\u0000", "\0", '"', "'", "|", ",", "ã", "😀")
CELULAS = st.lists(
    st.one_of(st.sampled_from(ESPECIAIS), st.characters(exclude_categories=["Cs"])), max_size=15
).map("".join)
_CONCLUIDAS = "SELECT 1 FROM nigredo_leads.importacoes WHERE status = 'concluida'"
CAMPOS = ("empresa", "contato", "setor", "atividade_principal", "cidade", "planilha")


def nova_importacao(way: Way) -> UUID:
    """An import that rows can be staged for."""
    with way.uow() as uow:
        return importacoes.receive_json(
            way.system.services.ports,
            uow,
            [{"empresa": "Foz"}],
            criado_por=None,
            trace_id=uuid4(),
        )


def gravar(
    way: Way,
    importacao_id: UUID,
    leads: Sequence[LeadHigienizado],
    rejeitos: Sequence[Rejeito] = (),
    parte: int = 0,
) -> StagedLeads:
    """Stage a batch in a transaction of its own."""
    with way.uow() as uow:
        return stage(way.system.services.ports, uow, importacao_id, parte, leads, rejeitos)


def lead(linha: int, **fields: Any) -> LeadHigienizado:
    """A row with an address that no other row has."""
    address = f"{uuid4().hex}@foz.com.br"
    base = LeadHigienizado("Foz", "Leads", linha, email=address, email_norm=address)
    return base._replace(**fields)


def sem_nul(value: Any) -> Any:
    """What PostgreSQL can keep of a value: all but NUL."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {sem_nul(key): sem_nul(item) for key, item in value.items()}
    if isinstance(value, list):
        return [sem_nul(item) for item in value]
    return value


@pytest.mark.untraced
def test_any_text_of_a_cell_comes_back_as_it_was(way: Way) -> None:
    importacao_id = nova_importacao(way)

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(st.tuples(*(CELULAS for _ in CAMPOS), CELULAS, CELULAS), max_size=4))
    def each(linhas: list[tuple[str, ...]]) -> None:
        leads = [
            lead(
                number,
                **dict(zip(CAMPOS, cells, strict=False)),
                metadata={"extras": {"coluna": cells[-2], "outra": [cells[-1]]}},
            )
            for number, cells in enumerate(linhas, start=1)
        ]
        leads = [item._replace(planilha=f"{item.planilha}{uuid4().hex[:12]}") for item in leads]
        answer = gravar(way, importacao_id, leads, parte=uuid4().int % 2**31)
        assert None not in answer.lead_ids
        for lead_id, item in zip(answer.lead_ids, leads, strict=True):
            [row] = way.rows(
                f"SELECT {', '.join(CAMPOS)}, metadata FROM nigredo_leads.leads "
                f"WHERE id = '{lead_id}'"
            )
            assert row[:-1] == tuple(sem_nul(getattr(item, field)) for field in CAMPOS)
            extras = item.metadata["extras"]
            assert row.metadata == {
                "extras": {
                    "coluna": sem_nul(extras["coluna"]),
                    "outra": [sem_nul(extras["outra"][0])],
                }
            }

    each()


def test_an_empty_field_and_one_that_says_null_are_told_apart(way: Way) -> None:
    leads = [lead(1, setor=None), lead(2, setor="\\N"), lead(3, setor=""), lead(4, setor="NULL")]
    gravar(way, nova_importacao(way), leads)
    found = way.rows("SELECT setor FROM nigredo_leads.leads ORDER BY linha")
    assert [row.setor for row in found] == [None, "\\N", "", "NULL"]


def test_a_repeated_batch_answers_the_same_and_changes_nothing(way: Way) -> None:
    importacao_id = nova_importacao(way)
    leads = [lead(linha) for linha in range(1, 6)]
    leads.append(leads[0]._replace(linha=6))
    rejeitos = [Rejeito("Leads", 7, None, "no_channel", "Não há e-mail nem telefone.")]
    first = gravar(way, importacao_id, leads, rejeitos)
    before = way.rows("SELECT * FROM nigredo_leads.leads ORDER BY id")
    assert [lead_id is None for lead_id in first.lead_ids] == [False] * 5 + [True]
    assert [(item.classe, item.linha) for item in first.rejeitos] == [("duplicate", 6)]
    assert gravar(way, importacao_id, leads, rejeitos) == first
    assert way.rows("SELECT * FROM nigredo_leads.leads ORDER BY id") == before
    assert way.rows("SELECT aceitos, rejeitados FROM nigredo_leads.importacao_partes") == [(5, 2)]
    assert len(way.rows("SELECT 1 FROM nigredo_leads.importacao_rejeitos")) == 2


def test_batches_staged_at_once_all_stand_and_share_no_lead(way: Way) -> None:
    importacao_id = nova_importacao(way)
    twice = lead(1)
    batches = [
        [lead(100 * parte + linha) for linha in range(50)]
        + [twice._replace(linha=100 * parte + 99)]
        for parte in range(1, 5)
    ]
    with ThreadPoolExecutor(4) as executor:
        answers = list(
            executor.map(lambda item: gravar(way, importacao_id, item[1], parte=item[0]),
                         enumerate(batches))
        )  # fmt: skip
    assert sum(answer.lead_ids[-1] is not None for answer in answers) == 1
    assert sum(len(answer.rejeitos) for answer in answers) == 3
    ids = [lead_id for answer in answers for lead_id in answer.lead_ids if lead_id is not None]
    assert len(set(ids)) == len(ids) == 201
    assert {row.id for row in way.rows("SELECT id FROM nigredo_leads.leads")} == set(ids)
    partes = way.rows("SELECT sum(aceitos), sum(rejeitados) FROM nigredo_leads.importacao_partes")
    assert [tuple(map(int, row)) for row in partes] == [(201, 3)]


def test_another_import_of_the_same_rows_is_rejected_row_by_row(way: Way) -> None:
    leads = [lead(linha) for linha in range(1, 4)]
    gravar(way, nova_importacao(way), leads)
    answer = gravar(way, nova_importacao(way), [*leads, lead(4)])
    assert [lead_id is None for lead_id in answer.lead_ids] == [True, True, True, False]
    assert [item.linha for item in answer.rejeitos] == [1, 2, 3]
    assert len(way.rows("SELECT 1 FROM nigredo_leads.leads")) == 4


def test_an_empty_batch_is_recorded(way: Way) -> None:
    importacao_id = nova_importacao(way)
    assert gravar(way, importacao_id, []) == StagedLeads((), ())
    assert way.rows("SELECT aceitos, rejeitados FROM nigredo_leads.importacao_partes") == [(0, 0)]


def test_a_batch_that_a_crash_of_the_server_took_is_staged_by_the_next_run(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged, losses = LeadsContext.stage, iter([True])

    def losing(self: LeadsContext, *args: Any) -> StagedLeads:
        answer = staged(self, *args)
        if next(losses, False):
            with way.uow() as uow:
                for table in ("leads", "importacao_partes"):
                    uow.connection.exec_driver_sql(f"DELETE FROM nigredo_leads.{table}")
        return answer

    monkeypatch.setattr(LeadsContext, "stage", losing)
    way.call("POST", "/api/leads", [{"empresa": "Foz", "email": "ana@foz.com.br"}], status=202)
    worker = way.system.worker()
    deadline = monotonic() + 60
    while monotonic() < deadline and not way.rows(_CONCLUIDAS):
        if worker.run_once(1) == 0:
            sleep(0.1)
    assert len(way.rows(_CONCLUIDAS)) == 1
    (event,) = way.rows(
        "SELECT detail->'context'->'metadata'->'lead_ids' AS ids FROM fibonacci_core.events "
        "WHERE source = 'nigredo.recebimento' AND type = 'staged'"
    )
    assert event.ids == [str(row.id) for row in way.rows("SELECT id FROM nigredo_leads.leads")]


def test_an_id_says_import_and_sheet_and_ends_with_the_row(way: Way) -> None:
    heads: list[int] = []
    for importacao_id in (nova_importacao(way), nova_importacao(way)):
        for number, sheet in enumerate(("Ação 😀", "Leads")):
            leads = [lead(row, planilha=sheet) for row in (2, 3, 100_000)]
            answer = gravar(way, importacao_id, leads, parte=number).lead_ids
            ids = [found for found in answer if found is not None]
            assert [found.int & (1 << 48) - 1 for found in ids] == [2, 3, 100_000]
            assert {(found.version, found.variant) for found in ids} == {(8, RFC_4122)}
            heads += {found.int >> 48 for found in ids}
    assert len(heads) == len(set(heads)) == 4


def test_an_agent_that_publishes_much_publishes_each_event_once_and_in_order(way: Way) -> None:
    rows = [{"empresa": f"Foz {n}", "email": f"a{n}@foz-{n}.com.br"} for n in range(450)]
    way.call("POST", "/api/leads", rows, status=202)
    way.drain()
    found = way.rows(
        "SELECT id, detail->'context'->'metadata'->>'parte' AS parte FROM fibonacci_core.events "
        "WHERE source = 'nigredo.recebimento' AND type = 'staged'"
    )
    assert sorted(int(row.parte) for row in found) == [0, 1, 2, 3, 4]
