"""The command line of MCP: ``alquimista mcp``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from alquimista.cli_errors import Falha, errors
from alquimista.settings import Settings

if TYPE_CHECKING:
    from alquimista.bootstrap import System
    from alquimista_integrations.mcp.offer import SourceOf

KEY = "ALQUIMISTA_API_KEY"


@click.command()
@click.option("--url", default=None, help="Endereço da API; sem ele, o banco deste computador.")
@click.option("--ferramentas", is_flag=True, help="Oferece as ferramentas da conta, não os dados.")
@click.option("--http", is_flag=True, help="HTTP em vez de stdio; cada chamada traz a sua chave.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Onde escutar (--http).")
@click.option("--porta", default=8765, show_default=True, help="Porta (--http).")
@click.option("--nome-publico", multiple=True, help="Nome pelo qual chegam as chamadas (--http).")
@click.option("--chave", envvar=KEY, hidden=True, default=None)
@click.pass_obj
def mcp(
    settings: Settings,
    url: str | None,
    ferramentas: bool,
    http: bool,
    host: str,
    porta: int,
    nome_publico: tuple[str, ...],
    chave: str | None,
) -> None:
    """Serve a conta a um assistente por MCP, com a chave de ALQUIMISTA_API_KEY."""
    if ferramentas and url is not None:
        raise Falha("--ferramentas precisa do banco: não se usa com --url")
    if not http and not chave:
        raise Falha(f"defina {KEY} com a chave de acesso (alq_…)")
    with errors(), _sources(settings, url, ferramentas) as source_of:
        if http:
            _serve_http(source_of, ferramentas, host, porta, nome_publico)
        else:
            _serve_stdio(source_of, ferramentas, chave)


def _serve_stdio(source_of: SourceOf, ferramentas: bool, chave: str | None) -> None:
    from alquimista.assistant.serving import served
    from alquimista_integrations.mcp.server import build_server, serve_stdio

    source_of(chave).tools()
    serve_stdio(build_server(served(tools=ferramentas), lambda _: source_of(chave)))


def _serve_http(
    source_of: SourceOf, ferramentas: bool, host: str, porta: int, hosts: tuple[str, ...]
) -> None:
    from alquimista.assistant.serving import served
    from alquimista_integrations.mcp.server import PATH, build_server, http_app, serve_http

    server = build_server(served(tools=ferramentas), source_of)
    click.echo(f"MCP em http://{host}:{porta}{PATH}   Ctrl-C encerra.", err=True)
    serve_http(http_app(server, source_of, hosts), host, porta)


@contextmanager
def _sources(settings: Settings, url: str | None, ferramentas: bool) -> Iterator[SourceOf]:
    from alquimista.assistant import serving

    if url is not None:
        yield serving.remote(url)
        return
    with _system(settings) as system:
        yield serving.account_tools(system) if ferramentas else serving.local(system)


@contextmanager
def _system(settings: Settings) -> Iterator[System]:
    from alquimista.bootstrap import build
    from alquimista.server import database

    with database(settings) as found:
        system = build(found)
        try:
            yield system
        finally:
            system.close()
