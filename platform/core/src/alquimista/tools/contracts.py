"""The contract of every tool: what agents send and get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from alquimista.tools.registry import MAX_ATTEMPTS, ToolContract
from alquimista_integrations.sentiment.llm import DESCADASTROS, SENTIMENTOS
from alquimista_sdk.events import INTENTS

_TEXT = {"type": "string"}
_OPTIONAL = {"type": ["string", "null"]}
_FLAG = {"type": "boolean"}
_NAME = {"type": "string", "minLength": 1}
_ID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_SPAN = {
    "type": "object",
    "required": ["inicio", "fim"],
    "properties": {"inicio": _NAME, "fim": _NAME},
    "additionalProperties": False,
}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


def _contract(
    name: str,
    entrada: dict[str, Any],
    saida: dict[str, Any],
    instead: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    attempts: int = MAX_ATTEMPTS,
) -> ToolContract:
    return ToolContract(
        name,
        Draft202012Validator(entrada),
        Draft202012Validator(saida),
        instead,
        attempts=attempts,
    )


def _reader(name: str) -> ToolContract:
    """A reader of one message: its caller waits a moment and has the embedded reading."""
    return _contract(
        name,
        _object(
            ["texto", "tempo_limite_s"],
            texto=_TEXT,
            anterior=_TEXT,
            nomes={"type": "array", "items": _TEXT},
            tempo_limite_s={"type": "number", "exclusiveMinimum": 0, "maximum": 30},
        ),
        _object(
            ["sentimento", "intensidade", "intent", "descadastro", "conhece_irritado", "modelo"],
            sentimento={"enum": list(SENTIMENTOS)},
            intensidade={"type": "integer", "minimum": 0, "maximum": 100},
            intent={"enum": [*INTENTS, None]},
            descadastro={"enum": [*DESCADASTROS, None]},
            conhece_irritado=_FLAG,
            modelo=_NAME,
            tokens_entrada={"type": "integer", "minimum": 0},
            tokens_saida={"type": "integer", "minimum": 0},
            sandbox=_FLAG,
        ),
        attempts=1,
    )


def _not_created(payload: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": payload["event_id"], "criado": False, "conflito": False, "sandbox": True}


def _not_cancelled(payload: dict[str, Any]) -> dict[str, Any]:
    return {"cancelado": False, "sandbox": True}


_COMPANY_FIELDS = _object(
    [],
    setor=_TEXT,
    porte={"enum": ["MEI", "ME", "EPP", "Média", "Grande"]},
    porte_receita=_TEXT,
    atividade_principal=_TEXT,
    cidade=_TEXT,
    uf={"type": "string", "pattern": "^[A-Z]{2}$"},
    abertura={"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
    socios={"type": "array", "items": _TEXT},
    faturamento_faixa=_TEXT,
)
_TRECHO = {
    "type": "object",
    "required": ["titulo", "texto"],
    "properties": {"titulo": _TEXT, "texto": _TEXT},
}

CONTRACTS: Mapping[str, ToolContract] = {
    contract.name: contract
    for contract in (
        _contract(
            "enrichment.company",
            _object(
                ["empresa"],
                lead_id=_ID,
                cnpj=_OPTIONAL,
                empresa=_NAME,
                email=_OPTIONAL,
                uf=_OPTIONAL,
            ),
            _object(
                ["encontrado", "fonte", "sandbox", "campos"],
                encontrado=_FLAG,
                fonte=_NAME,
                sandbox=_FLAG,
                campos=_COMPANY_FIELDS,
            ),
        ),
        _contract(
            "calendar.availability",
            _object(
                ["calendario_id", "inicio", "fim"], calendario_id=_NAME, inicio=_NAME, fim=_NAME
            ),
            _object(
                ["ocupados", "sandbox"], ocupados={"type": "array", "items": _SPAN}, sandbox=_FLAG
            ),
        ),
        _contract(
            "calendar.create_event",
            _object(
                ["calendario_id", "event_id", "resumo", "inicio", "fim"],
                calendario_id=_NAME,
                event_id={"type": "string", "minLength": 5, "maxLength": 255},
                resumo=_TEXT,
                descricao=_TEXT,
                inicio=_NAME,
                fim=_NAME,
                participantes={"type": "array", "items": _TEXT},
            ),
            _object(
                ["event_id", "criado", "conflito", "sandbox"],
                event_id=_NAME,
                criado=_FLAG,
                conflito=_FLAG,
                sandbox=_FLAG,
            ),
            _not_created,
        ),
        _contract(
            "calendar.cancel_event",
            _object(["calendario_id", "event_id"], calendario_id=_NAME, event_id=_NAME),
            _object(["cancelado", "sandbox"], cancelado=_FLAG, sandbox=_FLAG),
            _not_cancelled,
        ),
        _contract(
            "llm.write",
            _object(
                ["tarefa", "variaveis"],
                tarefa={"enum": ["responder_lead", "insights_relatorio"]},
                prompt=_TEXT,
                nomes={"type": "array", "items": _TEXT},
                variaveis={"type": "object"},
                trechos={"type": "array", "items": _TRECHO},
                max_caracteres={"type": "integer", "minimum": 40, "maximum": 20000},
            ),
            _object(["texto", "modelo", "sandbox"], texto=_NAME, modelo=_NAME, sandbox=_FLAG),
        ),
        _reader("sentiment.comprehend"),
        _reader("sentiment.llm"),
    )
}
