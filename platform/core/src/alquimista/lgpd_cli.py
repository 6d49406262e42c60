"""The command line of data protection: ``alquimista lgpd``."""

from __future__ import annotations

import json

import click

from alquimista.cli_errors import errors
from alquimista.cli_options import JSON, TENANT, tenant_of
from alquimista.settings import Settings


@click.group()
def lgpd() -> None:
    """Proteção de dados."""


@lgpd.command()
@TENANT
@JSON
@click.option("--dry-run", is_flag=True, help="Só conta o que sairia; nada é apagado.")
@click.pass_obj
def retention(settings: Settings, tenant: str | None, as_json: bool, dry_run: bool) -> None:
    """Apaga o que passou do prazo de guarda de cada conta (configuração `retencao_dias`)."""
    from alquimista.bootstrap import build
    from alquimista.server import database

    with errors(), database(settings) as served:
        system = build(served)
        try:
            only = tenant_of(served, tenant) if tenant is not None else None
            found = system.retencao.run(only, dry_run=dry_run)
        finally:
            system.close()
    if as_json:
        click.echo(json.dumps({str(key): dict(counts) for key, counts in found.items()}))
        return
    verb = "sairiam" if dry_run else "apagados"
    for tenant_id, counts in found.items():
        for name, count in counts.items():
            click.echo(f"{tenant_id}  {name}: {count} {verb}")
