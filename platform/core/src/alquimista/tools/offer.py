"""How the tools introduce themselves where they are listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from alquimista.tools.registry import ToolRegistry
from alquimista_integrations.mcp.offer import OfferedTool

DESCRICOES: Mapping[str, tuple[str, str]] = {
    "calendar.availability": (
        "Horários ocupados",
        "Os horários ocupados de uma agenda entre dois momentos ISO 8601 com fuso.",
    ),
    "calendar.cancel_event": (
        "Cancelar evento",
        "Cancela um evento da agenda; repetir não muda nada.",
    ),
    "calendar.create_event": (
        "Criar evento",
        "Cria um evento na agenda; repetir com o mesmo event_id não cria outro.",
    ),
    "enrichment.company": (
        "Cadastro de empresa",
        "Dados cadastrais públicos de uma empresa, pelo CNPJ quando há.",
    ),
    "llm.write": (
        "Redigir texto",
        "Redige um texto em português a partir de variáveis e trechos, sem inventar preços; a um "
        "modelo de linguagem só vai sem dados pessoais.",
    ),
    "sentiment.comprehend": (
        "Ler o tom (Comprehend)",
        "O tom de uma mensagem pelo Amazon Comprehend; dados pessoais são mascarados antes.",
    ),
    "sentiment.llm": (
        "Ler a mensagem (modelo de linguagem)",
        "Intenção, tom e pedido de saída; dados pessoais são mascarados antes.",
    ),
}
"""Title and description of each tool of ours, as people read them."""


def offered(registry: ToolRegistry) -> Sequence[OfferedTool]:
    """Every tool of a registry, by name, with its schemas."""
    found = []
    for contract in registry.contracts:
        titulo, descricao = DESCRICOES.get(contract.name, (contract.titulo, contract.descricao))
        found.append(
            OfferedTool(
                contract.name,
                titulo,
                descricao,
                _object(contract.input),
                _object(contract.output),
                contract.instead is None,
            )
        )
    return found


def _object(validator: Draft202012Validator) -> Mapping[str, Any]:
    schema = validator.schema
    return schema if isinstance(schema, Mapping) else {"type": "object"}
