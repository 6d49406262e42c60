"""The command line: ``alquimista``."""

from __future__ import annotations

import gc
import json
import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.table import Table

from alquimista.access_cli import signing_keys, tenants
from alquimista.audit_cli import audit
from alquimista.bus_cli import bus
from alquimista.cli_errors import Falha, errors
from alquimista.lgpd_cli import lgpd
from alquimista.mcp_cli import mcp
from alquimista.modelo_cli import modelo
from alquimista.observability.logs import configure
from alquimista.settings import Settings, SettingsInvalid, from_environment

_ENTRADA = ("text", "anterior", "estado")
_ANALISE = ("intent", "sentimento", "intensidade", "descadastro", "motivos")


@click.group()
@click.pass_context
def main(ctx: click.Context) -> None:
    """Alquimista: marketplace de agentes de prospecção B2B."""
    try:
        settings = from_environment()
    except SettingsInvalid as error:
        raise Falha(str(error)) from error
    level = settings.log_level if ctx.invoked_subcommand in ("up", "worker") else "ERROR"
    configure(level, sys.stderr)
    ctx.obj = settings


@main.command()
@click.pass_obj
def up(settings: Settings) -> None:
    """Sobe tudo neste computador: banco, API, agentes e sandbox. Ctrl-C encerra."""
    from alquimista.bootstrap import System
    from alquimista.sandbox import inquilino_demo
    from alquimista.server import serve

    def announce(system: System, address: str) -> None:
        if system.settings.sandbox:
            inquilino_demo.provision(system)
            click.echo(f"Usuário {inquilino_demo.EMAIL}   senha {inquilino_demo.SENHA}")
        refused = system.services.catalogue.refused
        for slug, agent in refused.items():
            click.echo(f"Agente {slug} recusado: {agent.error}")
        click.echo(f"Agentes ativos: {len(system.services.catalogue.admitted)}")
        click.echo(f"API em {address}   manual em {address}/api/docs")
        click.echo("Pronto. Ctrl-C encerra.")

    with errors():
        serve(settings, announce)
    click.echo("Encerrado.")


@main.command()
@click.pass_obj
@click.option("--threads", default=2, show_default=True, help="Linhas de execução.")
@click.option("--fila", "filas", multiple=True, help="Só esta fila; pode repetir. Sem ela, todas.")
@click.option("--sem-fila", "outras", multiple=True, help="Deixa esta fila a outro; pode repetir.")
@click.option("--espera", is_flag=True, hidden=True, help="Carrega, e espera por uma linha.")
def worker(
    settings: Settings, threads: int, filas: tuple[str, ...], outras: tuple[str, ...], espera: bool
) -> None:
    """Trata as filas dos agentes e dispara os temporizadores (precisa de DATABASE_URL)."""
    from alquimista.bootstrap import build
    from alquimista.workers import WorkerThreads

    with errors():
        if espera and not sys.stdin.readline():
            return  # whoever started it is gone
        system = build(settings)
        running = WorkerThreads(system, threads, filas_do_worker(system.consumers, filas, outras))

        def end(_: int, __: FrameType | None) -> None:
            running.stop()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # What was loaded by now lives as long as the process: nothing to look through for garbage.
        gc.freeze()
        # An import makes millions of objects and hardly a cycle: look for those a hundred times
        # less often than by default.
        gc.set_threshold(70_000, 20, 20)
        # A thread that has its answer from the database waits this long for one that computes, at
        # each of an import's round trips; the default is 5 ms.
        sys.setswitchinterval(0.0005)
        running.start()
        running.wait()
        system.close()


def filas_do_worker(
    existentes: Collection[str], filas: Sequence[str], outras: Sequence[str]
) -> tuple[str, ...] | None:
    """The queues that a worker takes: those named, or all, without the others'; None for all.

    Raises:
        Falha: there is no such queue.
    """
    for fila in (*filas, *outras):
        if fila not in existentes:
            raise Falha(f"não há fila {fila}; há {', '.join(sorted(existentes))}")
    if not filas and not outras:
        return None
    return tuple(fila for fila in filas or existentes if fila not in outras)


@main.command()
@click.pass_obj
@click.option("--linhas", default=500, show_default=True, help="Linhas da planilha.")
@click.option("--dias", default=7, show_default=True, help="Dias de prospecção.")
@click.option("--semente", default=7, show_default=True, help="Semente dos dados fictícios.")
def demo(settings: Settings, linhas: int, dias: int, semente: int) -> None:
    """Uma semana de prospecção, em dados fictícios, no tempo do negócio."""
    from alquimista.sandbox.demo.comando import Opcoes, run

    with errors():
        held = run(settings, Opcoes(linhas, dias, semente), Console())
    if not held:
        raise SystemExit(1)


@main.command()
@click.pass_obj
@click.option("--revisao", default="head", show_default=True, help="Revisão de destino.")
def migrate(settings: Settings, revisao: str) -> None:
    """Leva o banco à revisão mais nova."""
    from alembic.util.exc import CommandError

    from alquimista.db import migrate as migrations
    from alquimista.server import database

    with errors(), database(settings) as with_database:
        try:
            migrations.upgrade(with_database.owner_dsn, revisao)
        except CommandError as error:
            raise Falha(f"não há como chegar à revisão {revisao}: {error}") from error
    click.echo(f"Banco na revisão {migrations.head() if revisao == 'head' else revisao}.")


@main.group()
def agents() -> None:
    """Agentes instalados."""


@agents.command("list")
def agents_list() -> None:
    """Lista os agentes instalados, e por que um foi recusado."""
    from alquimista.runtime.admission import admit_all, installed

    catalogue = admit_all(installed())
    table = Table("agente", "versão", "situação", "erro")
    for slug, agent in sorted(catalogue.admitted.items()):
        table.add_row(slug, agent.manifest.version, "admitido", "")
    for slug, refused in sorted(catalogue.refused.items()):
        version = refused.manifest.version if refused.manifest else "?"
        table.add_row(slug, version, "recusado", refused.error)
    Console().print(table)


@main.command()
@click.argument("arquivo", type=click.Path(path_type=Path))
@click.option("--tenant", default=None, help="Id ou nome do tenant; sem ela, o de demonstração.")
@click.option("--json", "as_json", is_flag=True, help="Imprime o resultado em JSON.")
@click.option("--planilha", default=None, help="Aba a ler; sem ela, a que contém os leads.")
@click.pass_obj
def importar(
    settings: Settings, arquivo: Path, tenant: str | None, as_json: bool, planilha: str | None
) -> None:
    """Importa uma planilha de leads (.xlsx ou .csv) e mostra o que foi aceito e rejeitado."""
    from alquimista.importar import import_file

    if not arquivo.is_file():
        raise Falha(f"o arquivo {arquivo} não existe")
    with errors():
        result = import_file(settings, arquivo, tenant, planilha)
    if as_json:
        click.echo(json.dumps(result.to_json(), ensure_ascii=False, default=str))
        return
    click.echo(f"{result.aceitos} aceitos, {len(result.rejeitados)} rejeitados")
    for rejeito in result.rejeitados:
        where = f"{rejeito['planilha']}!{rejeito['coluna'] or ''}{rejeito['linha']}"
        click.echo(f"  {where}  {rejeito['classe']}: {rejeito['mensagem']}")


@main.command()
def analisar() -> None:
    """Lê mensagens (uma por linha, JSON {"text"}) e escreve como cada uma foi entendida."""
    from alquimista.runtime.admission import admit_all, installed
    from alquimista.runtime.offline import call

    catalogue = admit_all(installed())
    with errors():
        for number, line in enumerate(sys.stdin.buffer, start=1):
            if not line.strip():
                continue
            payload = _payload(line, number)
            answer = call(catalogue, "sentimento.analisar", payload)
            shown = {"text": payload["text"], **{name: answer[name] for name in _ANALISE}}
            click.echo(json.dumps(shown, ensure_ascii=False))


def _payload(line: bytes, number: int) -> dict[str, str]:
    try:
        raw = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Falha(f"linha {number}: o texto não está em UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise Falha(f"linha {number}: não é JSON") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        raise Falha(f'linha {number}: esperado {{"text": "…"}}')
    found = {key: raw[key] for key in _ENTRADA if isinstance(raw.get(key), str)}
    if any("\ud800" <= character <= "\udfff" for text in found.values() for character in text):
        raise Falha(f"linha {number}: o texto tem meio caractere (par substituto incompleto)")
    return found


main.add_command(audit)
main.add_command(lgpd)
main.add_command(modelo)
main.add_command(bus)
main.add_command(signing_keys)
main.add_command(tenants)
main.add_command(mcp)

if __name__ == "__main__":
    main()
