"""Endpoints of the knowledge base: entries, versions, a question's preview, import."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import Row
from werkzeug.datastructures import FileStorage

from alquimista.db.session import UnitOfWork
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.listing import Listing
from alquimista.http.services import services
from alquimista.http.versions import match, tag, takes_if_match
from alquimista.prospeccao.conhecimento import domain, service
from alquimista.prospeccao.conhecimento.leitura import BYTES_MAXIMO, entrada_de, ler, tag_of
from alquimista.prospeccao.conhecimento.schemas import (
    CONHECIMENTO_ORDENS,
    ArquivoDeConhecimentoSchema,
    BuscaSchema,
    ConhecimentoEdicaoSchema,
    ConhecimentoFiltroSchema,
    ConhecimentoPaginaSchema,
    ConhecimentoSchema,
    EnvioDeConhecimentoSchema,
    ImportacaoDeConhecimentoSchema,
    ImportadasSchema,
    NovoConhecimentoSchema,
    PerguntaSchema,
    RestauracaoSchema,
    VersaoFiltroSchema,
    VersoesSchema,
)
from alquimista.prospeccao.conhecimento.service import CONHECIMENTO, VERSOES

blp = Blueprint(
    "conhecimento", __name__, url_prefix="/api/conhecimento", description="Base de conhecimento"
)
LISTA = Listing(
    table=CONHECIMENTO,
    ordens={name: CONHECIMENTO.c[name] for name in CONHECIMENTO_ORDENS},
    padrao="titulo",
    filtros={
        "ativo": CONHECIMENTO.c.ativo,
        "etiqueta": lambda etiqueta: CONHECIMENTO.c.etiquetas.contains([tag_of(etiqueta)]),
    },
)
VERSOES_DA_ENTRADA = Listing(
    table=VERSOES,
    ordens={name: VERSOES.c[name] for name in ("numero", "created_at")},
    padrao="-numero",
    filtros={"removido": VERSOES.c.removido},
)
_SEM_RESPOSTA = (
    "Nenhuma entrada publicada tem as palavras desta pergunta: o agente diria que vai confirmar "
    "com a equipe e chamaria uma pessoa."
)


@blp.get("")
@requires("conhecimento:read")
@blp.arguments(ConhecimentoFiltroSchema, location="query")
@blp.response(200, ConhecimentoPaginaSchema)
def list_conhecimento(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as entradas da base de conhecimento, por título."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return LISTA.page(uow, filtro).body()


@blp.post("")
@requires("conhecimento:write")
@blp.arguments(NovoConhecimentoSchema)
@blp.response(201, ConhecimentoSchema)
def create_conhecimento(corpo: dict[str, Any]) -> tuple[Any, int, dict[str, str]]:
    """Cria uma entrada; publicada, os agentes já respondem com ela."""
    entrada, ativo = entrada_de(corpo), corpo["ativo"]
    with services().database.unit_of_work(principal().tenant_id) as uow:
        entrada_id = service.create(uow, entrada, principal().ator, ativo=ativo)
        shown = _tagged(uow, entrada_id)
    location = url_for("conhecimento.get_conhecimento", conhecimento_id=entrada_id)
    return shown, 201, {"Location": location}


@blp.get("/<uuid:conhecimento_id>")
@requires("conhecimento:read")
@blp.response(200, ConhecimentoSchema)
def get_conhecimento(conhecimento_id: UUID) -> Any:
    """Uma entrada da base de conhecimento."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _tagged(uow, conhecimento_id)


@blp.patch("/<uuid:conhecimento_id>")
@requires("conhecimento:write")
@blp.arguments(ConhecimentoEdicaoSchema)
@blp.response(200, ConhecimentoSchema)
def change_conhecimento(corpo: dict[str, Any], conhecimento_id: UUID) -> Any:
    """Muda uma entrada; a versão anterior fica guardada."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.change(uow, conhecimento_id, corpo, principal().ator, match)
        return _tagged(uow, conhecimento_id)


@blp.delete("/<uuid:conhecimento_id>")
@requires("conhecimento:write")
@takes_if_match
@blp.response(204)
def delete_conhecimento(conhecimento_id: UUID) -> None:
    """Remove uma entrada; ela pode ser restaurada."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.remove(uow, conhecimento_id, principal().ator, match)


@blp.post("/<uuid:conhecimento_id>/publicar")
@requires("conhecimento:write")
@takes_if_match
@blp.response(200, ConhecimentoSchema)
def publish_conhecimento(conhecimento_id: UUID) -> Any:
    """Publica a entrada: os agentes passam a responder com ela."""
    return _published(conhecimento_id, True, "conhecimento.publicado")


@blp.post("/<uuid:conhecimento_id>/recolher")
@requires("conhecimento:write")
@takes_if_match
@blp.response(200, ConhecimentoSchema)
def withdraw_conhecimento(conhecimento_id: UUID) -> Any:
    """Recolhe a entrada: os agentes deixam de usá-la, e ela continua guardada."""
    return _published(conhecimento_id, False, "conhecimento.recolhido")


@blp.get("/<uuid:conhecimento_id>/versoes")
@requires("conhecimento:read")
@blp.arguments(VersaoFiltroSchema, location="query")
@blp.response(200, VersoesSchema)
def list_versoes(filtro: dict[str, Any], conhecimento_id: UUID) -> dict[str, Any]:
    """As versões anteriores da entrada, também de uma que foi removida."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.require_known(uow, conhecimento_id)
        mine = VERSOES.c.conhecimento_id == conhecimento_id
        return VERSOES_DA_ENTRADA.page(uow, filtro, mine).body()


@blp.post("/<uuid:conhecimento_id>/restaurar")
@requires("conhecimento:write")
@takes_if_match
@blp.arguments(RestauracaoSchema)
@blp.response(200, ConhecimentoSchema)
def restore_conhecimento(corpo: dict[str, Any], conhecimento_id: UUID) -> Any:
    """Desfaz a última mudança, ou volta a uma versão; traz de volta o que foi removido."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.restore(uow, conhecimento_id, corpo.get("versao"), principal().ator, match)
        return _tagged(uow, conhecimento_id)


@blp.post("/busca")
@requires("conhecimento:read")
@blp.arguments(PerguntaSchema)
@blp.response(200, BuscaSchema)
def preview_busca(corpo: dict[str, Any]) -> dict[str, Any]:
    """Com o que o agente responderia a esta pergunta: as entradas achadas, e por quê."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        passagens = service.list_all(uow)
    found = domain.explained(passagens, corpo["pergunta"], corpo["limite"])
    return {
        "responderia": bool(found),
        "explicacao": _explanation(found[0]) if found else _SEM_RESPOSTA,
        "achados": [{**asdict(each.trecho), "motivos": each.motivos} for each in found],
        "palavras_sem_resposta": domain.desconhecidas(passagens, corpo["pergunta"]),
    }


@blp.post("/importacoes")
@requires("conhecimento:write")
@blp.doc(
    requestBody={
        "required": True,
        "content": {"multipart/form-data": {"schema": EnvioDeConhecimentoSchema}},
    }
)
@blp.arguments(ArquivoDeConhecimentoSchema, location="files")
@blp.arguments(ImportacaoDeConhecimentoSchema, location="form")
@blp.response(200, ImportadasSchema)
def import_conhecimento(arquivos: dict[str, FileStorage], opcoes: dict[str, Any]) -> dict[str, Any]:
    """Importa entradas de um .txt, .md ou .csv; diz o que foi rejeitado, com a linha."""
    arquivo = arquivos["arquivo"]
    lidas = ler(arquivo.filename or "", arquivo.stream.read(BYTES_MAXIMO + 1))
    with services().database.unit_of_work(principal().tenant_id) as uow:
        done = service.import_entries(
            uow,
            lidas,
            principal().ator,
            ativo=opcoes["ativo"],
            substituir=opcoes["substituir"],
        )
    return {
        "criadas": done.criadas,
        "substituidas": done.substituidas,
        "rejeitadas": [
            {"linha": lida.linha, "titulo": lida.entrada.titulo[:255], "motivo": lida.motivo}
            for lida in done.rejeitadas
        ],
    }


def _published(conhecimento_id: UUID, ativo: bool, action: str) -> Any:
    with services().database.unit_of_work(principal().tenant_id) as uow:
        ator = principal().ator
        service.change(uow, conhecimento_id, {"ativo": ativo}, ator, match, action)
        return _tagged(uow, conhecimento_id)


def _tagged(uow: UnitOfWork, conhecimento_id: UUID) -> Any:
    row: Row[Any] = service.find(uow, conhecimento_id)
    tag(row.versao)
    return row._mapping


def _explanation(best: domain.Achado) -> str:
    words = ", ".join(f"“{motivo.palavra}”" for motivo in best.motivos[:5])
    return f"O agente responderia a partir de “{best.trecho.titulo}”, que tem {words}."
