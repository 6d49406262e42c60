"""The command line of the audit log: ``alquimista audit``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from alquimista.cli_errors import Falha, errors
from alquimista.cli_options import JSON, TENANT, find_tenant
from alquimista.plataforma.audit.chain import Fault
from alquimista.settings import Settings

_FALHAS = {
    "changed": "entrada alterada",
    "missing": "entrada apagada",
    "gap": "elo que falta",
    "unlinked": "entrada fora da cadeia",
    "truncated": "fim da cadeia cortado",
    "forged": "a cadeia não passa pelo ponto anotado",
}


@click.group()
def audit() -> None:
    """A trilha de auditoria."""


@audit.command()
@TENANT
@JSON
@click.option("--anotado", default=None, help="Ponto anotado antes, NÚMERO:HASH (com --tenant).")
@click.pass_obj
def verify(settings: Settings, tenant: str | None, as_json: bool, anotado: str | None) -> None:
    """Confere que nenhuma entrada foi alterada, apagada, inserida ou trocada de lugar."""
    from sqlalchemy import create_engine

    from alquimista.plataforma.audit import verify as verification
    from alquimista.server import database

    noted = _noted(anotado, tenant)
    wrong = 0
    with errors(), database(settings) as served:
        engine = create_engine(served.owner_dsn)
        try:
            with engine.connect() as connection:
                chosen = (
                    [find_tenant(connection, tenant)]
                    if tenant is not None
                    else verification.tenants(connection)
                )
                for tenant_id in chosen:
                    found = verification.verify(connection, tenant_id, noted)
                    wrong += len(found.faults)
                    if as_json:
                        click.echo(json.dumps(asdict(found), default=str))
                        continue
                    click.echo(f"{tenant_id}  {found.numero} entradas  {found.hash}")
                    for fault in found.faults:
                        click.echo(f"  {_said(fault)}")
        finally:
            engine.dispose()
    if wrong:
        raise Falha(f"{wrong} falha(s) na trilha de auditoria")
    if not as_json:
        click.echo("Trilha de auditoria íntegra.")


def _said(fault: Fault) -> str:
    where = f"nº {fault.numero}" if fault.numero else ""
    return " ".join(part for part in (f"{_FALHAS[fault.kind]}:", where, fault.entry_id) if part)


def _noted(raw: str | None, tenant: str | None) -> tuple[int, str] | None:
    if raw is None:
        return None
    numero, _, value = raw.partition(":")
    if tenant is None or not numero.isdigit() or len(value) != 64:
        raise Falha("--anotado é NÚMERO:HASH, como a conferência imprime, e precisa de --tenant")
    return int(numero), value
