"""Hooks of nigredo_sentimento."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from alquimista_sdk.context import AgentContext
from alquimista_sdk.hookspecs import hookimpl
from alquimista_sdk.models import ModeloDaConta
from nigredo_sentimento.ajuste import ModeloAjustado, ajustado, ler_ajuste
from nigredo_sentimento.analise import PERGUNTAS_DO_ESTADO, concluir, observar
from nigredo_sentimento.modelo import MODELO_SHA256, Modelo, modelo
from nigredo_sentimento.provedores import EMBUTIDO, consultar

OPERACAO = "sentimento.analisar"
_VERSAO = MODELO_SHA256[:8]


@hookimpl
def agent_invoke(
    operation: str, payload: Mapping[str, Any], context: AgentContext
) -> Mapping[str, Any] | None:
    """Answer ``sentimento.analisar``; any other operation is not ours."""
    if operation != OPERACAO:
        return None
    texto, estado = str(payload["text"]), str(payload.get("estado", ""))
    anterior = str(payload.get("anterior", "")) or PERGUNTAS_DO_ESTADO.get(estado, "")
    palavras = [str(item) for item in payload.get("palavras_descadastro", ())]
    pesos, nome = _model(context)
    embutida = concluir(texto, observar(texto, anterior, palavras), pesos)
    provedor = str(context.config.get("provedor", EMBUTIDO))
    nomes = [str(item) for item in payload.get("nomes", ())]
    lida = consultar(context, provedor, embutida, anterior, nomes)
    analise = lida.analise
    modelos = f"{nome} + {lida.leitor}" if lida.leitor else nome
    context.log.info(
        "message read", intent=analise.intent, descadastro=analise.descadastro, modelo=modelos
    )
    resposta = asdict(analise) | {"motivos": list(analise.motivos)}
    return resposta | {"modelo": modelos} if payload.get("com_modelo") else resposta


def _model(context: AgentContext) -> tuple[Modelo, str]:
    """The account's model where it adds to the one that we ship, else that one; and its name."""
    da_conta = context.modelos.active(OPERACAO)
    if da_conta is None:
        return modelo(), f"{EMBUTIDO} {_VERSAO}"
    if da_conta.base != MODELO_SHA256:
        context.log.warning("the account's model adds to another one", numero=da_conta.numero)
        return modelo(), f"{EMBUTIDO} {_VERSAO}"
    return _taught(da_conta), f"conta {da_conta.numero} sobre {_VERSAO}"


@lru_cache(maxsize=64)
def _taught(da_conta: ModeloDaConta) -> ModeloAjustado:
    return ajustado(ler_ajuste(da_conta.conteudo))
