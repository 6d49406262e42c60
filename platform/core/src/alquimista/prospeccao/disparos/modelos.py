"""Which approved template carries a WhatsApp message outside of its 24-hour window.

Source: Meta, "Cloud API: Send messages" (outside of the customer service window only approved
templates are delivered) and "Message templates" (a parameter is not empty).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from alquimista.plataforma.tenants.modelos import ModeloWhatsApp

LIMITE_PARAMETRO = 1024
"""Characters of one parameter of a template's body (Meta's limit where it has other parts)."""


@dataclass(frozen=True, slots=True)
class ModeloPreenchido:
    """A template ready to be sent: its name, its language and its parameters in order."""

    nome: str
    idioma: str
    parametros: tuple[str, ...]


def escolher(
    modelos: Sequence[ModeloWhatsApp], campanha_id: UUID | None, etapa: str | None, tipo: str
) -> ModeloWhatsApp | None:
    """The narrowest template that fits: the campaign's before the tenant's, a stage's before any.

    An answer's stage is ``resposta``.
    """
    stage = "resposta" if tipo == "resposta" else etapa
    fitting = [
        modelo
        for modelo in modelos
        if modelo.campanha_id in (None, campanha_id) and modelo.etapa in (None, stage)
    ]
    return max(
        fitting,
        key=lambda modelo: (modelo.campanha_id is not None, modelo.etapa is not None),
        default=None,
    )


def preencher(modelo: ModeloWhatsApp, valores: Mapping[str, str]) -> ModeloPreenchido:
    """The template with its parameters on one line each, as Meta wants them."""
    return ModeloPreenchido(
        modelo.nome,
        modelo.idioma,
        tuple(" ".join(valores.get(nome, "").split()) for nome in modelo.parametros),
    )


def impedimento(modelo: ModeloWhatsApp, valores: Mapping[str, str]) -> str | None:
    """Why Meta would refuse the filled template, in words for people; None where it would not."""
    parametros = preencher(modelo, valores).parametros
    for nome, valor in zip(modelo.parametros, parametros, strict=True):
        if not valor:
            return f"o modelo {modelo.nome} pede {nome}, que está em branco"
        if len(valor) > LIMITE_PARAMETRO:
            return (
                f"o modelo {modelo.nome} leva até {LIMITE_PARAMETRO} caracteres em {nome}, "
                f"e há {len(valor)}"
            )
    return None
