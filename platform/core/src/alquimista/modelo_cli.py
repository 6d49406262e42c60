"""The command line of the model that reads answers: ``alquimista modelo``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from alquimista.cli_errors import Falha, errors
from alquimista.cli_options import JSON, TENANT, tenant_of
from alquimista.settings import Settings

if TYPE_CHECKING:
    from alquimista.bootstrap import System
    from alquimista.prospeccao.aprendizado.modelos import Modelos

Advance = Callable[[str, int, int], None]


@click.group()
def modelo() -> None:
    """O modelo que lê as respostas, e o que a conta lhe ensinou."""


@modelo.command()
@TENANT
@JSON
@click.pass_obj
def avaliar(settings: Settings, tenant: str | None, as_json: bool) -> None:
    """Mede o modelo em uso nas correções da conta e nas dobras que vêm com o agente."""
    with _modelos(settings, tenant) as (modelos, tenant_id, _), _progress() as advance:
        numero, exemplos, medidas = modelos.evaluate(tenant_id, advance)
    if as_json:
        _echo({"modelo": numero, "correcoes": exemplos, **asdict(medidas)})
        return
    click.echo(f"{_name(numero)}; {exemplos} correções.")
    _table(("correções", medidas.conta), ("dobras", medidas.dobras))


@modelo.command()
@TENANT
@JSON
@click.pass_obj
def treinar(settings: Settings, tenant: str | None, as_json: bool) -> None:
    """Treina com as correções da conta; o modelo novo só é usado se não for pior nas dobras."""
    from alquimista.plataforma.audit.service import SISTEMA

    with _modelos(settings, tenant) as (modelos, tenant_id, _), _progress() as advance:
        feito = modelos.train(tenant_id, SISTEMA, advance)
    treino = feito.treino
    if as_json:
        told = {name: value for name, value in asdict(treino).items() if name != "conteudo"}
        _echo({"numero": feito.numero, "correcoes": feito.exemplos, **told})
    else:
        _table(
            ("correções, antes", treino.antes.conta),
            ("depois", treino.depois.conta),
            ("fora do treino", treino.fora),
            ("dobras, antes", treino.antes.dobras),
            ("depois", treino.depois.dobras),
        )
        if treino.aceito:
            held = f" Não mudou: {', '.join(treino.retidas)}." if treino.retidas else ""
            learned = ", ".join(treino.partes)
            click.echo(f"Modelo {feito.numero} em uso: aprendeu {learned}.{held}")
    if not treino.aceito:
        raise Falha(f"o modelo novo foi recusado. {treino.motivo}")


@modelo.command()
@TENANT
@click.pass_obj
def voltar(settings: Settings, tenant: str | None) -> None:
    """Volta ao modelo aceito anterior, ou ao embutido."""
    from alquimista.plataforma.audit.service import SISTEMA

    with (
        _modelos(settings, tenant) as (modelos, tenant_id, system),
        system.database.unit_of_work(tenant_id) as uow,
    ):
        numero = modelos.back(uow, SISTEMA)
    click.echo(f"Em uso: {_name(numero)}.")


@modelo.command()
@TENANT
@JSON
@click.pass_obj
def versoes(settings: Settings, tenant: str | None, as_json: bool) -> None:
    """Lista os treinos da conta, do mais novo para o mais antigo."""
    with (
        _modelos(settings, tenant) as (modelos, tenant_id, system),
        system.database.unit_of_work(tenant_id) as uow,
    ):
        rows = modelos.listing(uow)
    names = ("numero", "ativo", "aceito", "quantidade", "created_at", "motivo")
    if as_json:
        _echo([{name: getattr(row, name) for name in names} for row in rows])
        return
    table = Table("modelo", "em uso", "aceito", "correções", "quando", "motivo")
    for row in rows:
        quando = row.created_at.isoformat(timespec="minutes")
        signs = ("sim" if row.ativo else "", "sim" if row.aceito else "não")
        table.add_row(str(row.numero), *signs, str(row.quantidade), quando, row.motivo)
    Console().print(table)


@contextmanager
def _modelos(settings: Settings, tenant: str | None) -> Iterator[tuple[Modelos, UUID, System]]:
    from alquimista.bootstrap import build
    from alquimista.prospeccao.aprendizado.modelos import Modelos
    from alquimista.server import database

    with errors(), database(settings) as served:
        system = build(served)
        try:
            found = system.services
            modelos = Modelos(found.database, found.ports, found.tenants)
            yield modelos, tenant_of(served, tenant), system
        finally:
            system.close()


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar on standard error, so that what is printed can be piped."""
    shown: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def advance(what: str, done: int, of: int) -> None:
            if what not in shown:
                shown[what] = bar.add_task(what, total=of)
            bar.update(shown[what], completed=done, total=of)

        yield advance


def _table(*columns: tuple[str, Mapping[str, float]]) -> None:
    table = Table("medida", *(title for title, _ in columns))
    for name in columns[0][1]:
        values = (figures.get(name) for _, figures in columns)
        table.add_row(name, *("" if value is None else f"{value:.3f}" for value in values))
    Console().print(table)


def _name(numero: int) -> str:
    return f"modelo {numero} da conta" if numero else "modelo embutido"


def _echo(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
