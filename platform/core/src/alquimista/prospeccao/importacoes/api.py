"""Endpoints of imports: posting leads, uploading files, progress, rejects, undoing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import url_for
from werkzeug.datastructures import FileStorage

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.bodies import json_body
from alquimista.http.errors import trace_id
from alquimista.http.services import services
from alquimista.prospeccao.importacoes import service
from alquimista.prospeccao.importacoes.desfazer import undo
from alquimista.prospeccao.importacoes.limites import PADRAO, ArquivoInvalido, exigir_tamanho
from alquimista.prospeccao.importacoes.planilhas import Opcoes
from alquimista.prospeccao.importacoes.previa import descrever
from alquimista.prospeccao.importacoes.schemas import (
    ArquivoSchema,
    DesfeitaSchema,
    EnvioSchema,
    ImportacaoComRejeitosSchema,
    ImportacaoFiltroSchema,
    ImportacaoPaginaSchema,
    OpcoesSchema,
    PreviaSchema,
    RecebidaSchema,
    RejeitosFiltroSchema,
)

blp = Blueprint("importacoes", __name__, url_prefix="/api/leads", description="Importações")
_CORPO = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"type": "object"},
                        {
                            "type": "array",
                            "items": {"type": "object"},
                            "minItems": 1,
                            "maxItems": service.LINHAS_POR_POST,
                        },
                    ]
                }
            }
        },
    }
}
FORMULARIO = {"required": True, "content": {"multipart/form-data": {"schema": EnvioSchema}}}
"""The one body that the file and the options come in."""


@blp.post("")
@requires("leads:write")
@blp.doc(**_CORPO)
@blp.response(202, RecebidaSchema)
def post_leads() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Recebe um lead ou uma lista de até 1.000 leads em JSON."""
    rows = _objetos(json_body())
    with services().database.unit_of_work(principal().tenant_id) as uow:
        importacao_id = service.receive_json(
            services().ports,
            uow,
            rows,
            criado_por=principal().user_id,
            trace_id=trace_id(),
            ator=principal().ator,
        )
        found = service.progress(uow, importacao_id)
    return _recebida(found)


@blp.post("/importacoes")
@requires("leads:write")
@blp.doc(requestBody=FORMULARIO)
@blp.arguments(ArquivoSchema, location="files")
@blp.arguments(OpcoesSchema, location="form")
@blp.response(202, RecebidaSchema)
def post_importacao(
    arquivos: dict[str, FileStorage], opcoes: dict[str, Any]
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Recebe uma planilha .xlsx ou um .csv; a leitura segue em segundo plano."""
    nome, conteudo = _conteudo(arquivos["arquivo"])
    chosen = _opcoes(opcoes)
    with services().database.unit_of_work(principal().tenant_id) as uow:
        importacao_id = service.receive_file(
            services().ports,
            uow,
            nome,
            conteudo,
            planilha=chosen.planilha,
            linha_cabecalho=chosen.linha_cabecalho,
            mapeamento=chosen.mapeamento,
            criado_por=principal().user_id,
            trace_id=trace_id(),
            ator=principal().ator,
        )
        found = service.progress(uow, importacao_id)
    return _recebida(found)


@blp.post("/importacoes/previa")
@requires("leads:write")
@blp.doc(requestBody=FORMULARIO)
@blp.arguments(ArquivoSchema, location="files")
@blp.arguments(OpcoesSchema, location="form")
@blp.response(200, PreviaSchema)
def post_previa(arquivos: dict[str, FileStorage], opcoes: dict[str, Any]) -> dict[str, Any]:
    """Mostra o que seria importado, sem guardar nada."""
    nome, conteudo = _conteudo(arquivos["arquivo"])
    return descrever(nome, conteudo, _opcoes(opcoes))


@blp.get("/importacoes")
@requires("leads:read")
@blp.arguments(ImportacaoFiltroSchema, location="query")
@blp.response(200, ImportacaoPaginaSchema)
def list_importacoes(pagina: dict[str, Any]) -> dict[str, Any]:
    """Lista as importações da mais nova para a mais antiga."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        shown, proximo = service.listing(uow, pagina)
    return {"itens": [asdict(item) for item in shown], "proximo": proximo}


@blp.get("/importacoes/<uuid:importacao_id>")
@requires("leads:read")
@blp.arguments(RejeitosFiltroSchema, location="query")
@blp.response(200, ImportacaoComRejeitosSchema)
def get_importacao(filtro: dict[str, Any], importacao_id: UUID) -> dict[str, Any]:
    """Uma importação: andamento, contagens e as linhas rejeitadas, página por página."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found = service.progress(uow, importacao_id)
        rejeitos = service.REJEITOS.page(uow, {**filtro, "importacao_id": importacao_id})
    return {**asdict(found), "rejeitos": rejeitos.body()}


@blp.post("/importacoes/<uuid:importacao_id>/desfazer")
@requires("leads:write")
@blp.response(200, DesfeitaSchema)
def post_desfazer(importacao_id: UUID) -> dict[str, Any]:
    """Desfaz uma importação da qual nenhum lead foi contatado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        deleted = undo(
            services().ports, uow, importacao_id, ator=principal().ator, trace_id=trace_id()
        )
    return {"id": importacao_id, "status": "desfeita", "leads_apagados": deleted}


def _recebida(found: service.Progresso) -> tuple[dict[str, Any], int, dict[str, str]]:
    location = url_for("importacoes.get_importacao", importacao_id=found.id)
    body = {**asdict(found), "importacao_id": found.id, "trace_id": trace_id()}
    return body, 202, {"Location": location}


def _objetos(body: Any) -> Sequence[Mapping[str, Any]]:
    rows = body if isinstance(body, list) else [body]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise ArquivoInvalido(
                "corpo_invalido",
                f"O item {number} não é um objeto. Envie um lead, ou uma lista de leads.",
            )
    return rows


def _conteudo(arquivo: FileStorage) -> tuple[str, bytes]:
    conteudo = arquivo.stream.read(PADRAO.bytes_arquivo + 1)
    exigir_tamanho(len(conteudo))
    return arquivo.filename or "arquivo", conteudo


def _opcoes(form: Mapping[str, Any]) -> Opcoes:
    raw = form.get("mapeamento") or "{}"
    try:
        asked = json.loads(raw)
    except ValueError as error:
        raise _mapeamento_invalido() from error
    if not isinstance(asked, dict) or not all(
        value is None or isinstance(value, str) for value in asked.values()
    ):
        raise _mapeamento_invalido()
    return Opcoes(form.get("planilha") or None, form.get("linha_cabecalho"), asked)


def _mapeamento_invalido() -> ArquivoInvalido:
    return ArquivoInvalido(
        "mapeamento_invalido",
        'O mapeamento é um objeto JSON de coluna para campo, como {"B": "telefone", "C": null}.',
    )
