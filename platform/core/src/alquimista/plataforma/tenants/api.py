"""Endpoints of the tenant itself: its settings, its export, its end."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Response, send_file

from alquimista.http.answers import binary_file
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.http.versions import match, tag
from alquimista.plataforma.audit.service import list_actions, record
from alquimista.plataforma.tenants.domain import ConfiguracaoInvalida
from alquimista.plataforma.tenants.lifecycle import SituacaoErrada
from alquimista.plataforma.tenants.removal import Encerramento, export_tenant, remove_tenant
from alquimista.plataforma.tenants.schemas import (
    ConfiguracoesSchema,
    ContaConfiguracoesSchema,
    EncerramentoSchema,
    EncerrarContaSchema,
)
from alquimista.plataforma.tenants.service import Conta

blp = Blueprint("conta", __name__, url_prefix="/api", description="Conta")
_ZIP = binary_file(
    "Um ZIP com `conta.json`, `pessoas.json`, uma linha JSON por registro em `tabelas/*.jsonl`, os "
    "arquivos em `arquivos/` e a lista de tudo em `indice.json`; o SHA-256 vem em `X-Sha256`.",
    "application/zip",
)
EXPORTADA = "conta_exportada"
VALIDADE = timedelta(hours=24)


@blp.get("/configuracoes")
@requires("tenants:read")
@blp.response(200, ContaConfiguracoesSchema)
def get_settings() -> dict[str, Any]:
    """As configurações da conta, com o padrão do que ninguém escolheu."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        conta = services().tenants.account(uow)
    tag(conta.versao)
    return _shown(conta)


@blp.patch("/configuracoes")
@requires("tenants:write")
@blp.arguments(ConfiguracoesSchema)
@blp.response(200, ContaConfiguracoesSchema)
def change_settings(corpo: dict[str, Any]) -> dict[str, Any]:
    """Muda parte das configurações (RFC 7396); nulo volta ao padrão."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(services().tenants.account(uow, lock=True).versao)
        conta = services().tenants.change(uow, corpo, principal().ator)
    tag(conta.versao)
    return _shown(conta)


@blp.get("/conta/exportacao")
@requires("tenants:write")
@blp.response(200, **_ZIP)
def export_account() -> Response:
    """Tudo da conta em um arquivo ZIP; o SHA-256 dele vem no cabeçalho X-Sha256."""
    caller = principal()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "conta.zip"
        settings, files = services().settings, services().ports.files
        written = export_tenant(settings.owner_dsn, files, caller.tenant_id, target)
        file = target.open("rb")
    with services().database.unit_of_work(caller.tenant_id) as uow:
        record(
            uow,
            caller.ator,
            EXPORTADA,
            alvo_tipo="tenant",
            alvo_id=caller.tenant_id,
            detalhes={"sha256": written.sha256},
        )
    response = send_file(
        file, mimetype="application/zip", as_attachment=True, download_name="conta.zip"
    )
    response.call_on_close(file.close)
    response.headers["X-Sha256"] = written.sha256
    return response


@blp.post("/conta/encerramento")
@requires("tenants:write")
@blp.arguments(EncerrarContaSchema)
@blp.response(200, EncerramentoSchema)
def close_account(corpo: dict[str, str]) -> Encerramento:
    """Apaga a conta inteira, sem volta, e prova; antes é preciso ter baixado a exportação."""
    caller, found = principal(), services()
    if caller.user_id is None:
        raise SituacaoErrada("Só uma pessoa pode encerrar a conta.")
    found.access.check_password(caller.user_id, corpo["senha"])
    with found.database.unit_of_work(caller.tenant_id) as uow:
        if found.tenants.account(uow).nome != corpo["nome"]:
            raise ConfiguracaoInvalida("nome", "escreva o nome da conta como ele é")
        exports = list_actions(uow, EXPORTADA, uow.agora - VALIDADE)
        if corpo["exportacao_sha256"] not in {row.detalhes.get("sha256") for row in exports}:
            raise SituacaoErrada("Baixe a exportação da conta antes de encerrá-la.")
    return remove_tenant(found.settings.owner_dsn, found.ports.files, caller.tenant_id)


def _shown(conta: Conta) -> dict[str, Any]:
    return {
        **conta.configuracoes.to_json(),
        "nome": conta.nome,
        "fuso_horario": conta.fuso_horario,
        "sandbox": conta.sandbox,
        "status": conta.status,
        "versao": conta.versao,
    }
