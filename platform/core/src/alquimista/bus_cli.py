"""The command line of the bus: ``alquimista bus``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from alquimista.cli_errors import errors
from alquimista.cli_options import (
    JSON,
    PATTERN,
    TENANT,
    find_tenant,
    owner_connection,
    read_pattern,
    tenant_of,
)
from alquimista.observability.masking import mask_text
from alquimista.replay_cli import replay
from alquimista.settings import Settings
from fibonacci_bus import Figures, Listener, declared, figures
from fibonacci_bus.aws import declare
from fibonacci_bus.metrics import QueueFigures

_WAIT_SECONDS = 1.0


@click.group()
def bus() -> None:
    """O barramento: filas, eventos, repetição e mensagens mortas."""


@bus.command()
@TENANT
@JSON
@click.option(
    "--janela",
    type=click.IntRange(1, 7 * 24 * 60),
    default=60,
    show_default=True,
    help="Minutos para taxas e falhas.",
)
@click.pass_obj
def status(settings: Settings, tenant: str | None, as_json: bool, janela: int) -> None:
    """Mostra quanto espera em cada fila e o que cada agente tratou, e como falhou.

    Na AWS as filas são as do SQS, que não as conta por conta de cliente.
    """
    with errors(), _owner(settings) as connection:
        only = find_tenant(connection, tenant) if tenant is not None else None
        found = figures(connection, window=timedelta(minutes=janela), tenant_id=only)
        if settings.aws.home:
            found = replace(found, queues=_queues_of_sqs(settings))
    if as_json:
        click.echo(json.dumps(asdict(found), default=_plain))
    else:
        _show_figures(found, janela)


@bus.command()
@TENANT
@PATTERN
@JSON
@click.option("--desde", default=0, show_default=True, help="Começa tantos minutos atrás.")
@click.option("--limite", default=None, type=int, help="Encerra depois de tantos eventos.")
@click.option("--segundos", default=None, type=float, help="Encerra depois de tantos segundos.")
@click.pass_obj
def tail(
    settings: Settings,
    tenant: str | None,
    pattern: str | None,
    as_json: bool,
    desde: int,
    limite: int | None,
    segundos: float | None,
) -> None:
    """Acompanha os eventos à medida que são publicados, sem dados pessoais. Ctrl-C encerra."""
    from alquimista.db.session import Database
    from alquimista.runtime.tail import Tail, line
    from alquimista.server import database

    compiled = read_pattern(pattern)
    with errors(), database(settings) as served:
        opened = Database(served.app_dsn, prepare=served.preparar)
        listener = Listener(served.relay_dsn)
        try:
            follow = Tail(opened, tenant_of(served, tenant), compiled, timedelta(minutes=desde))
            end = time.monotonic() + segundos if segundos is not None else None
            shown = 0
            while limite is None or shown < limite:
                for event in follow.new():
                    facts = line(event)
                    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else _line(facts))
                    shown += 1
                    if limite is not None and shown >= limite:
                        return
                if end is not None and time.monotonic() >= end:
                    return
                listener.wait(_WAIT_SECONDS)
        except KeyboardInterrupt:
            click.echo("Encerrado.", err=True)
        finally:
            listener.close()
            opened.dispose()


@bus.command("dead-letters")
@TENANT
@JSON
@click.option("--redrive", type=click.UUID, default=None, help="Devolve esta mensagem à fila.")
@click.option("--todas", is_flag=True, help="Também as que já foram reenviadas.")
@click.option("--limite", default=50, show_default=True, help="Quantas mostrar.")
@click.pass_obj
def dead_letters(
    settings: Settings,
    tenant: str | None,
    as_json: bool,
    redrive: UUID | None,
    todas: bool,
    limite: int,
) -> None:
    """Lista as mensagens que nenhum agente conseguiu tratar, ou devolve uma à fila."""
    from alquimista.bootstrap import build
    from alquimista.plataforma.audit.service import SISTEMA
    from alquimista.runtime import events_service
    from alquimista.server import database

    with errors(), database(settings) as served:
        system = build(served)
        try:
            system.home.sweep()
            with system.database.unit_of_work(tenant_of(served, tenant)) as uow:
                if redrive is not None:
                    publisher = system.services.publisher
                    events_service.redrive_dead_letter(publisher, uow, redrive, SISTEMA)
                    rows = []
                else:
                    query = {
                        "ordenar": events_service.MORTAS.padrao,
                        "limite": limite,
                        "pendentes": not todas,
                    }
                    rows = events_service.dead_letters(uow, query)["itens"]
        finally:
            system.close()
    if redrive is not None:
        click.echo(f"Mensagem {redrive} devolvida à fila.")
    elif as_json:
        click.echo(json.dumps(rows, default=_plain, ensure_ascii=False))
    else:
        _show_dead_letters(rows)


@bus.command()
@TENANT
@click.pass_obj
def purge(settings: Settings, tenant: str | None) -> None:
    """Apaga o que passou do prazo de guarda: mensagens, mortas, entregas, eventos."""
    from alquimista.bootstrap import build
    from alquimista.server import database

    with errors(), database(settings) as served:
        system = build(served)
        try:
            only = tenant_of(served, tenant) if tenant is not None else None
            with Console(stderr=True).status("Apagando…") as progress:
                gone = system.purger.run(
                    only, lambda _, table, rows: progress.update(f"{table}: {rows}")
                )
        finally:
            system.close()
    for table, rows in gone.items():
        click.echo(f"{table}: {rows} apagadas")


@bus.command()
@click.option("--aws", is_flag=True, help="Como o EventBridge e o SQS as chamam.")
@click.pass_obj
def declaration(settings: Settings, aws: bool) -> None:
    """Imprime em JSON as filas e regras dos agentes instalados; servem ao PostgreSQL e à AWS."""
    from alquimista.bootstrap import installed_topology

    with errors():
        topology = installed_topology(settings)
        if aws:
            told = declare(
                topology, bus_name=settings.aws.bus_name, prefix=settings.aws.queue_prefix
            ).as_dict()
        else:
            told = declared(topology)
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


@contextmanager
def _owner(settings: Settings) -> Iterator[Connection]:
    from alquimista.server import database

    with database(settings) as served, owner_connection(served.owner_dsn) as connection:
        yield connection


def _queues_of_sqs(settings: Settings) -> tuple[QueueFigures, ...]:
    """As SQS estimates them; what is paused is among the delayed there."""
    from alquimista.bootstrap import build

    system = build(settings)
    try:
        found = system.services.queues.depth()
    finally:
        system.close()
    return tuple(
        QueueFigures(name, d.waiting, d.in_flight, d.delayed, d.oldest_seconds, d.paused)
        for name, d in sorted(found.items())
        if d.waiting or d.in_flight or d.delayed
    )


def _show_figures(found: Figures, janela: int) -> None:
    console = Console()
    paused = any(queue.paused for queue in found.queues)
    queues = Table("fila", "esperando", "em andamento", "adiadas", "mais antiga", title="Filas")
    if paused:
        queues.add_column("suspensas")
    for queue in found.queues:
        queues.add_row(
            queue.queue,
            str(queue.waiting),
            str(queue.in_flight),
            str(queue.delayed),
            f"{queue.oldest_seconds:.0f} s",
            *((str(queue.paused),) if paused else ()),
        )
    agents = Table(
        "agente",
        "tratados",
        "por minuto",
        "média",
        "p95",
        "falhas",
        "mortas",
        "pendentes",
        title=f"Últimos {janela} min",
    )
    for item in found.consumers:
        agents.add_row(
            item.consumer,
            str(item.handled),
            f"{item.per_minute:.1f}",
            f"{item.mean_ms:.0f} ms",
            f"{item.p95_ms:.0f} ms",
            f"{item.failures} ({item.failure_rate:.0%})",
            str(item.buried),
            str(item.pending),
        )
    console.print(queues if found.queues else "Filas vazias.")
    console.print(agents)
    console.print(f"{found.published} eventos publicados em {janela} min.")


def _show_dead_letters(rows: list[dict[str, Any]]) -> None:
    if not rows:
        click.echo("Não há mensagens mortas.")
    for row in rows:
        again = "  (reenviada)" if row["redriven_at"] else ""
        click.echo(f"{row['id']}  {row['died_at']:%Y-%m-%d %H:%M:%S}  {row['queue']}{again}")
        click.echo(f"  {row['source']}.{row['type']}  evento {row['event_id']}")
        click.echo(f"  {row['error_class']}: {row['error_text']}")


def _line(facts: Any) -> str:
    subject = facts["subject"] or {}
    about = f"{subject.get('type', '?')} {subject.get('id', '?')}" if subject else "-"
    again = f"  [repetição {facts['replay_name']}]" if facts["replay_name"] else ""
    logs = facts["detail"].get("logs")
    said = logs[-1].get("decision", "") if isinstance(logs, list) and logs else ""
    return (
        f"{facts['occurred_at'][:19]}  {facts['source']}.{facts['type']}  {about}"
        f"  rastreio {facts['trace_id']}{again}  {mask_text(str(said))}".rstrip()
    )


def _plain(value: Any) -> Any:
    to_seconds: Callable[[], float] | None = getattr(value, "total_seconds", None)
    return to_seconds() if to_seconds is not None else str(value)


bus.add_command(replay)
