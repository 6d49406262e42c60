"""Hooks of nigredo_sentimento."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from alquimista_sdk.context import AgentContext
from alquimista_sdk.hookspecs import hookimpl
from nigredo_sentimento.analise import analisar

OPERACAO = "sentimento.analisar"


@hookimpl
def agent_invoke(
    operation: str, payload: Mapping[str, Any], context: AgentContext
) -> Mapping[str, Any] | None:
    """Answer ``sentimento.analisar``; any other operation is not ours."""
    if operation != OPERACAO:
        return None
    lida = analisar(
        str(payload["text"]),
        str(payload.get("anterior", "")),
        [str(item) for item in payload.get("palavras_descadastro", ())],
        str(payload.get("estado", "")),
    )
    context.log.info("message read", intent=lida.intent, descadastro=lida.descadastro)
    return asdict(lida) | {"motivos": list(lida.motivos)}
