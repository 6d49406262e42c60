"""The command line of operators: signing keys, and tenants from suspension to removal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from alquimista.cli_errors import Falha, errors
from alquimista.cli_options import tenant_of
from alquimista.settings import Settings


@click.group("signing-keys")
def signing_keys() -> None:
    """As chaves que assinam os tokens de acesso."""


@signing_keys.command("rotate")
@click.option(
    "--revogar",
    is_flag=True,
    help="Esquece as chaves antigas: todos renovam a sessão. Use se uma vazou.",
)
@click.pass_obj
def rotate(settings: Settings, revogar: bool) -> None:
    """Cria uma chave nova; os tokens da antiga valem até vencerem."""
    from alquimista.plataforma.identity.keys import rotate as rotate_keys

    with errors(), _database(settings) as found:
        kid = rotate_keys(found, revogar=revogar)
    click.echo(f"Chave ativa: {kid}")


@click.group()
def tenants() -> None:
    """As contas: listar, suspender, reativar, exportar e encerrar."""


@tenants.command("list")
@click.pass_obj
def list_tenants(settings: Settings) -> None:
    """Lista as contas com a sua situação."""
    from alquimista.plataforma.tenants import lifecycle

    table = Table("id", "nome", "situação", "sandbox")
    with errors(), _database(settings) as found:
        for row in lifecycle.listing(found.owner_dsn):
            table.add_row(str(row.id), row.nome, row.status, "sim" if row.sandbox else "não")
    Console().print(table)


@tenants.command("suspend")
@click.argument("tenant")
@click.pass_obj
def suspend(settings: Settings, tenant: str) -> None:
    """Suspende uma conta (por id ou nome): ninguém entra e nenhum agente trabalha."""
    from alquimista.plataforma.tenants import lifecycle

    with errors(), _database(settings) as found:
        lifecycle.suspend(found.owner_dsn, tenant_of(found, tenant))
    click.echo("Conta suspensa.")


@tenants.command("reactivate")
@click.argument("tenant")
@click.pass_obj
def reactivate(settings: Settings, tenant: str) -> None:
    """Reativa uma conta suspensa."""
    from alquimista.plataforma.tenants import lifecycle

    with errors(), _database(settings) as found:
        lifecycle.reactivate(found.owner_dsn, tenant_of(found, tenant))
    click.echo("Conta reativada.")


@tenants.command("export")
@click.argument("tenant")
@click.argument("arquivo", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(settings: Settings, tenant: str, arquivo: Path) -> None:
    """Grava tudo de uma conta em um arquivo .zip."""
    from alquimista.files.store import FolderStore
    from alquimista.plataforma.tenants.removal import export_tenant

    if arquivo.exists():
        raise Falha(f"o arquivo {arquivo} já existe")
    with errors(), _database(settings) as found:
        files = FolderStore(found.home / "arquivos")
        written = export_tenant(found.owner_dsn, files, tenant_of(found, tenant), arquivo)
    click.echo(f"{sum(written.tabelas.values())} linhas, {written.arquivos} arquivos")
    click.echo(f"sha256 {written.sha256}")


@tenants.command("delete")
@click.argument("tenant")
@click.argument("arquivo", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--sim", is_flag=True, help="Não pergunta nada.")
@click.pass_obj
def delete(settings: Settings, tenant: str, arquivo: Path, sim: bool) -> None:
    """Exporta uma conta para ARQUIVO, apaga tudo dela e mostra a prova."""
    from alquimista.files.store import FolderStore
    from alquimista.plataforma.tenants.removal import export_tenant, remove_tenant

    if arquivo.exists():
        raise Falha(f"o arquivo {arquivo} já existe")
    with errors(), _database(settings) as found:
        tenant_id = tenant_of(found, tenant)
        if not sim:
            click.confirm(f"Apagar tudo da conta {tenant_id}, sem volta?", abort=True)
        files = FolderStore(found.home / "arquivos")
        written = export_tenant(found.owner_dsn, files, tenant_id, arquivo)
        proof = remove_tenant(found.owner_dsn, files, tenant_id)
    shown = {**asdict(proof), "exportacao_sha256": written.sha256}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2, default=str))


@contextmanager
def _database(settings: Settings) -> Iterator[Settings]:
    from alquimista.server import database

    with database(settings) as found:
        yield found
