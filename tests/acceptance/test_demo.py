"""The demo: what it shows, and that each of its checks can fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, create_engine, text

from alquimista.bootstrap import System
from alquimista.sandbox import inquilino_demo
from alquimista.sandbox.demo.comando import DEMO_OPTIONS
from alquimista.sandbox.demo.semana import Semana
from alquimista.sandbox.demo.verificacao import check
from alquimista.sandbox.planilha_suja import escrever
from alquimista.server import running_system
from alquimista.settings import Settings
from tests.database import server_home

LINHAS = 60
HOLDS = (
    "reuniões marcadas",
    "envios no horário comercial do lead",
    "limites",
    "ninguém recebeu após descadastro",
    "nenhuma mensagem saiu duas vezes",
    "toda mensagem enviada chegou",
    "entregas de eventos",
    "nenhuma mensagem morta",
)


@pytest.fixture(scope="module")
def week() -> Iterator[tuple[System, UUID]]:
    """A system after four days of prospecting."""
    with server_home() as home:
        settings = Settings(home=home, master_key=bytes(32), log_level="CRITICAL")
        planilha = home / "leads.xlsx"
        escrever(planilha, LINHAS, 7)
        with running_system(settings, options=DEMO_OPTIONS) as system:
            tenant_id = inquilino_demo.provision(system)
            semana = Semana(system, tenant_id, system.worker(), lambda _: None)
            semana.start(planilha)
            semana.run(4)
            yield system, tenant_id


def failing(week: tuple[System, UUID]) -> list[str]:
    """The checks that do not hold, by the beginning of their names."""
    system, tenant_id = week
    found = check(system.settings.owner_dsn, system.topology, tenant_id, por_hora=100, por_dia=500)
    assert len(found) == len(HOLDS)
    return [name for name, item in zip(HOLDS, found, strict=True) if not item.ok]


def test_a_week_that_went_well_passes_every_check(week: tuple[System, UUID]) -> None:
    assert failing(week) == []


@pytest.mark.parametrize(
    ("name", "damage", "mend"),
    [
        (
            "reuniões marcadas",
            "UPDATE nigredo_leads.agendamentos SET status = 'x' || status",
            "UPDATE nigredo_leads.agendamentos SET status = substr(status, 2)",
        ),
        (
            "envios no horário comercial do lead",
            "UPDATE nigredo_leads.disparos SET autorizado_em = autorizado_em - interval '12 hours'",
            "UPDATE nigredo_leads.disparos SET autorizado_em = autorizado_em + interval '12 hours'",
        ),
        (
            "limites",
            "UPDATE nigredo_leads.disparos d SET autorizado_em = (SELECT min(e.autorizado_em) "
            "FROM nigredo_leads.disparos e WHERE e.tipo = 'prospeccao'), erro = d.autorizado_em "
            "WHERE d.tipo = 'prospeccao' AND d.autorizado_em IS NOT NULL",
            "UPDATE nigredo_leads.disparos SET autorizado_em = CAST(erro AS timestamptz), "
            "erro = NULL WHERE erro IS NOT NULL",
        ),
        (
            "ninguém recebeu após descadastro",
            "INSERT INTO nigredo_leads.blocklist (tenant_id, id, lead_id, motivo, created_at) "
            "SELECT tenant_id, lead_id, lead_id, 'descadastro', autorizado_em - interval '1 hour' "
            "FROM nigredo_leads.disparos WHERE tipo = 'prospeccao' AND autorizado_em IS NOT NULL "
            "ORDER BY id LIMIT 1",
            "DELETE FROM nigredo_leads.blocklist WHERE id = lead_id",
        ),
        (
            "nenhuma mensagem saiu duas vezes",
            "INSERT INTO alquimista_platform.sandbox_mensagens (tenant_id, id, canal, remetente, "
            "destinatario, assunto, mensagem, cabecalhos, anexos, disparo_id, created_at) "
            "SELECT tenant_id, gen_random_uuid(), canal, remetente, destinatario, 'de novo', "
            "mensagem, cabecalhos, anexos, disparo_id, created_at "
            "FROM alquimista_platform.sandbox_mensagens WHERE disparo_id IS NOT NULL LIMIT 1",
            "DELETE FROM alquimista_platform.sandbox_mensagens WHERE assunto = 'de novo'",
        ),
        (
            "toda mensagem enviada chegou",
            "UPDATE alquimista_platform.sandbox_mensagens SET lead_id = disparo_id, "
            "disparo_id = NULL WHERE lead_id IS NULL",
            "UPDATE alquimista_platform.sandbox_mensagens SET disparo_id = lead_id, "
            "lead_id = NULL WHERE disparo_id IS NULL",
        ),
        (
            "entregas de eventos",
            "UPDATE fibonacci_core.inbox SET status = 'running' WHERE consumer = 'nigredo_disparo'",
            "UPDATE fibonacci_core.inbox SET status = 'done' WHERE consumer = 'nigredo_disparo'",
        ),
        (
            "nenhuma mensagem morta",
            "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, error_class, "
            "error_text, receives) SELECT gen_random_uuid(), tenant_id, 'q', id, 'permanent', "
            "'x', 1 FROM fibonacci_core.events LIMIT 1",
            "DELETE FROM fibonacci_core.dead_letters WHERE queue = 'q'",
        ),
    ],
)
def test_each_check_fails_when_what_it_names_broke(
    week: tuple[System, UUID], name: str, damage: str, mend: str
) -> None:
    engine = create_engine(week[0].settings.owner_dsn)
    try:
        with engine.begin() as connection:
            _run(connection, damage)
        assert failing(week) == [name]
    finally:
        with engine.begin() as connection:
            _run(connection, mend)
        engine.dispose()


def test_the_command_shows_funnel_rejects_a_timeline_and_the_pdf() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    with server_home() as home:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "alquimista.cli",
                "demo",
                "--linhas",
                str(LINHAS),
                "--dias",
                "3",
            ],
            env={**environment, "ALQUIMISTA_HOME": str(home), "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        path = re.search(r"Relatório em PDF: (\S+)", done.stdout)
        assert path is not None
        assert Path(path[1]).read_bytes().startswith(b"%PDF")
    for shown in ("Funil", "Rejeições por classe", "Linha do tempo de ", "Uma semana"):
        assert shown in done.stdout
    assert [line[:5] for line in done.stdout.splitlines() if line[:2] in ("ok", "FA")] == [
        "ok   "
    ] * len(HOLDS)


def _run(connection: Connection, statement: str) -> None:
    changed = connection.execute(text(statement))
    assert changed.rowcount > 0
