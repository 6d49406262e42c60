"""``alquimista demo``: the week on a screen, then what came of it, then what was checked."""

from __future__ import annotations

import gc
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import select

from alquimista.bootstrap import System
from alquimista.prospeccao.relatorios.models import MetricaDiaria
from alquimista.runtime.topology import SENDER_QUEUE
from alquimista.sandbox import inquilino_demo
from alquimista.sandbox.demo.semana import FUSO, Andamento, Semana
from alquimista.sandbox.demo.verificacao import Conferencia, check
from alquimista.sandbox.planilha_suja import escrever
from alquimista.server import WorkerProcess, running_system
from alquimista.settings import Settings

DEMO_OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""The demo's database is thrown away: it survives kill -9, not a power cut."""
_SWITCH_SECONDS = 0.0002
_ROTULOS = (
    ("leads_recebidos", "Recebidos"),
    ("leads_enriquecidos", "Enriquecidos"),
    ("leads_contatados", "Contatados"),
    ("leads_responderam", "Responderam"),
    ("leads_interessados", "Interessados"),
    ("leads_agendados", "Agendados"),
    ("leads_convertidos", "Convertidos"),
)


@dataclass(frozen=True, slots=True)
class Opcoes:
    """How long and how large a demo is."""

    linhas: int = 500
    dias: int = 7
    semente: int = 7


def run(settings: Settings, opcoes: Opcoes, console: Console) -> bool:
    """Run the demo in a folder of its own; answers whether every check held."""
    home = settings.home / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    planilha = home / "leads-da-semana.xlsx"
    escrever(planilha, opcoes.linhas, opcoes.semente)
    started = time.monotonic()
    demo = replace(settings, home=home, database_url=None)
    with running_system(demo, options=DEMO_OPTIONS, beside=_agents_beside) as system:
        tenant_id = inquilino_demo.provision(system)
        # What was loaded by now lives as long as the process: no garbage to look for in it.
        gc.freeze()
        with _switching_fast():
            importacao, semana = _week(system, tenant_id, planilha, opcoes, console)
        _show(system, tenant_id, semana, importacao, console)
        checks = check(
            system.settings.owner_dsn, system.topology, tenant_id, por_hora=100, por_dia=500
        )
    _show_checks(checks, console)
    console.print(f"Uma semana de prospecção em {time.monotonic() - started:.1f} s.")
    return all(item.ok for item in checks)


@contextmanager
def _agents_beside(settings: Settings) -> Iterator[Callable[[], None]]:
    """The agents work in a process of their own: clock and messages need not wait for it."""
    agents = WorkerProcess(settings, without=(SENDER_QUEUE,), threads=1)
    agents.start(held=True)
    try:
        yield agents.release
    finally:
        agents.stop()


@contextmanager
def _switching_fast() -> Iterator[None]:
    """The sender and the mail server are two threads: neither may keep the other for long."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _week(
    system: System, tenant_id: UUID, planilha: Path, opcoes: Opcoes, console: Console
) -> tuple[Mapping[str, Any], Semana]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task("importando a planilha", total=opcoes.dias * 86_400)
        began: list[float] = []

        def show(andamento: Andamento) -> None:
            if not began:
                began.append(andamento.agora.timestamp())
            local = andamento.agora.astimezone(ZoneInfo(FUSO))
            progress.update(
                task,
                completed=andamento.agora.timestamp() - began[0],
                description=(
                    f"{local:%d/%m %H:%M}  {andamento.leads} leads  "
                    f"{andamento.enviadas} enviadas  {andamento.recebidas} respostas  "
                    f"{andamento.reunioes} reuniões"
                ),
            )

        semana = Semana(system, tenant_id, system.worker((SENDER_QUEUE,)), show)
        importacao = semana.start(planilha)
        console.print(
            f"Planilha: {importacao['aceitos']} linhas aceitas, "
            f"{importacao['rejeitados']} rejeitadas."
        )
        semana.run(opcoes.dias)
    return importacao, semana


def _show(
    system: System,
    tenant_id: UUID,
    semana: Semana,
    importacao: Mapping[str, Any],
    console: Console,
) -> None:
    funil = semana.get("/api/relatorios/funil")
    _table(console, "Funil", [(rotulo, str(funil[campo])) for campo, rotulo in _ROTULOS])
    _table(
        console,
        "Rejeições por classe",
        sorted((str(k), str(v)) for k, v in importacao["rejeitados_por_classe"].items()),
    )
    agendados = semana.get("/api/leads?status=agendado&limite=1")["itens"]
    if agendados:
        _timeline(console, semana.get(f"/api/leads/{agendados[0]['id']}"))
    with system.database.unit_of_work(tenant_id) as uow:
        key = uow.connection.execute(
            select(MetricaDiaria.pdf_chave)
            .where(MetricaDiaria.tenant_id == tenant_id)
            .order_by(MetricaDiaria.data.desc())
            .limit(1)
        ).scalar_one_or_none()
    if key is not None:
        path = system.services.ports.files.path(tenant_id, key)
        console.print(f"Relatório em PDF: {path}", soft_wrap=True)


def _timeline(console: Console, lead: Mapping[str, Any]) -> None:
    table = Table(title=f"Linha do tempo de {lead['empresa']}", title_justify="left")
    table.add_column("quando")
    table.add_column("o quê")
    table.add_column("detalhe", max_width=60)
    for entry in lead["linha_do_tempo"]:
        details = entry["detalhes"]
        said = details.get("mensagem") or details.get("decisao") or details.get("motivo") or ""
        moment = datetime.fromisoformat(entry["quando"]).astimezone(ZoneInfo(FUSO))
        line = " ".join(str(said).split())
        table.add_row(f"{moment:%d/%m %H:%M}", entry["titulo"], shorten(line, 90, placeholder="…"))
    console.print(table)


def _table(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _show_checks(checks: list[Conferencia], console: Console) -> None:
    for item in checks:
        mark = "[green]ok[/green]   " if item.ok else "[red]FALHA[/red]"
        console.print(f"{mark} {item.nome}" + (f": {item.falha}" if item.falha else ""))
