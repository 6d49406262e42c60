"""An account with one lead that answered, keys, and the command as a process of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from mcp import StdioServerParameters

from alquimista.plataforma.audit.service import SISTEMA
from alquimista_integrations.mcp.server import PATH, App
from tests.database import Server
from tests.integration.api.world import open_way
from tests.integration.conftest import Way

LEITURA = (
    "leads:read",
    "conversas:read",
    "campanhas:read",
    "agendamentos:read",
    "relatorios:read",
    "agents:read",
    "operations:call",
)
EMPRESA = "Cabos Litoral"
OUTRA = "Sem Resposta Ltda"


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """Two leads; one of them has just written."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("mcp")) as way:
        for empresa, email in ((EMPRESA, "rita@caboslitoral.com.br"), (OUTRA, "eu@outra.com.br")):
            way.call("POST", "/api/leads", {"empresa": empresa, "email": email}, status=202)
        way.drain()
        yield way


def key(way: Way, *escopos: str) -> str:
    """A key of the account with some scopes."""
    with way.uow() as uow:
        made = way.system.services.identity.create_key(uow, "assistente", escopos, SISTEMA)
    return made.chave


@pytest.fixture(scope="module")
def process(mundo: Way) -> Callable[..., StdioServerParameters]:
    """``alquimista mcp`` on the account's database, spoken to over its input and output."""

    def parameters(chave: str, *options: str) -> StdioServerParameters:
        settings = mundo.system.settings
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        return StdioServerParameters(
            command=sys.executable,
            args=["-m", "alquimista.cli", "mcp", *options],
            env={
                **coverage,
                "ALQUIMISTA_API_KEY": chave,
                "ALQUIMISTA_HOME": str(settings.home),
                "ALQUIMISTA_CHAVE": settings.master_key.hex(),
                "DATABASE_URL": settings.owner_dsn,
                "APP_DATABASE_URL": settings.app_dsn,
                "RELAY_DATABASE_URL": settings.relay_dsn,
                "ALQUIMISTA_LIMITE_CHAMADOR": str(settings.api.por_chamador),
                "ALQUIMISTA_LIMITE_CONTA": str(settings.api.por_conta),
            },
            cwd=Path(__file__).resolve().parents[3],
        )

    return parameters


@contextmanager
def listening(app: App) -> Iterator[str]:
    """A real HTTP server of an app on this machine; its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PATH}"
    finally:
        server.should_exit = True
        thread.join()
