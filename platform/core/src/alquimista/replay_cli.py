"""``alquimista bus replay``: hand archived events out again, after a look at what that would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from alquimista.cli_errors import Falha, errors
from alquimista.cli_options import PATTERN, TENANT, read_pattern, tenant_of
from alquimista.settings import Settings
from fibonacci_bus import Replayed, Selection, plan_replay, run_replay

if TYPE_CHECKING:
    from alquimista.bootstrap import System


@click.command()
@TENANT
@PATTERN
@click.option("--desde", default=None, help="Do momento (ISO 8601; sem fuso, o do tenant).")
@click.option("--ate", default=None, help="Até o momento, exclusive.")
@click.option("--rastreio", type=click.UUID, default=None, help="Só os eventos deste rastreio.")
@click.option("--mensagens-mortas", is_flag=True, help="Só o que morreu e não foi reenviado.")
@click.option("--fila", "filas", multiple=True, help="Só para esta fila (pode repetir).")
@click.option("--nome", default=None, help="Nome da repetição; o mesmo nome continua a anterior.")
@click.option("--com-efeitos", is_flag=True, help="Permite mensagens e mudanças no calendário.")
@click.option("--executar", is_flag=True, help="Repete de fato; sem ela, só mostra o que faria.")
@click.pass_obj
def replay(
    settings: Settings,
    tenant: str | None,
    pattern: str | None,
    desde: str | None,
    ate: str | None,
    rastreio: UUID | None,
    mensagens_mortas: bool,
    filas: tuple[str, ...],
    nome: str | None,
    com_efeitos: bool,
    executar: bool,
) -> None:
    """Entrega de novo eventos arquivados, por período, padrão, rastreio ou mensagens mortas.

    Sem --com-efeitos, o que os agentes fizerem fica no banco: nenhuma mensagem é enviada e nada
    muda no calendário.
    """
    from alquimista.bootstrap import build
    from alquimista.server import database

    read_pattern(pattern)
    with errors(), database(settings) as served:
        system = build(served)
        try:
            tenant_id = tenant_of(served, tenant)
            with system.database.unit_of_work(tenant_id) as uow:
                fuso = system.services.tenants.fuso(uow)
            selection = Selection(
                tenant_id,
                since=_moment(desde, fuso, "--desde"),
                until=_moment(ate, fuso, "--ate"),
                pattern=json.loads(pattern) if pattern is not None else None,
                trace_id=rastreio,
                dead_letters=mensagens_mortas,
                queues=_queues(system, filas, com_efeitos),
            )
            _run(system, selection, _name(nome), com_efeitos, executar)
        finally:
            system.close()


def _run(
    system: System, selection: Selection, nome: str, com_efeitos: bool, executar: bool
) -> None:
    scope, topology = system.database.scope, system.topology
    with _progress("Lendo o arquivo", None) as told:
        planned = plan_replay(scope, topology, selection, progress=told)
    _show(planned)
    if not executar:
        click.echo("Nada foi repetido. Acrescente --executar para repetir.")
        return
    _audit(system, selection, nome, com_efeitos, planned)
    with _progress("Repetindo", planned.looked_at) as told:
        done = run_replay(
            scope,
            topology,
            selection,
            nome,
            effects=com_efeitos,
            progress=told,
            push=system.home.push,
        )
    effects = "com" if com_efeitos else "sem"
    again = "evento repetido" if done.events == 1 else "eventos repetidos"
    click.echo(f"Repetição {nome}: {done.events} {again}, {effects} efeitos externos.")
    if done.events < planned.events:
        click.echo(f"Já repetidos antes com este nome: {planned.events - done.events}.")


def _queues(system: System, filas: tuple[str, ...], com_efeitos: bool) -> frozenset[str]:
    """The core's own queues only send and fire: without effects nothing is put there."""
    from alquimista.runtime.topology import CORE_QUEUES

    known = frozenset(system.topology.names)
    unknown = sorted(set(filas) - known)
    if unknown:
        raise Falha(f"não há fila {', '.join(unknown)}; há {', '.join(sorted(known))}")
    chosen = frozenset(filas) or known
    return chosen if com_efeitos else chosen - CORE_QUEUES


def _audit(
    system: System, selection: Selection, nome: str, com_efeitos: bool, planned: Replayed
) -> None:
    from alquimista.plataforma.audit.service import SISTEMA, record

    with system.database.unit_of_work(selection.tenant_id) as uow:
        record(
            uow,
            SISTEMA,
            "eventos_repetidos",
            detalhes={"nome": nome, "efeitos": com_efeitos, "eventos": planned.events},
        )


def _show(planned: Replayed) -> None:
    events = "evento" if planned.events == 1 else "eventos"
    table = Table("fila", "mensagens", title=f"{planned.events} {events} a repetir")
    for queue, count in sorted(planned.queues.items()):
        table.add_row(queue, str(count))
    Console().print(table)


def _name(nome: str | None) -> str:
    return nome or f"repeticao-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _moment(raw: str | None, fuso: str, option: str) -> datetime | None:
    if raw is None:
        return None
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError as error:
        raise Falha(f"{option}: use data e hora ISO 8601, como 2026-11-24T08:00") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(fuso))


@contextmanager
def _progress(label: str, total: int | None) -> Iterator[Callable[[Replayed], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=total)

        def told(so_far: Replayed) -> None:
            progress.update(task, completed=so_far.looked_at)

        yield told
