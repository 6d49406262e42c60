"""Rules of leads: the dedupe key, and which status may follow which."""

from __future__ import annotations

from collections.abc import Mapping

FINAL = frozenset({"descadastrado", "bloqueado"})
"""Only a person's own act ends these."""
_ORDEM = {
    "novo": 0,
    "enriquecido": 1,
    "contatado": 2,
    "respondeu": 3,
    "interessado": 4,
    "agendado": 5,
    "convertido": 6,
}
MARCOS: Mapping[str, str] = {
    "contatado": "contatado_em",
    "respondeu": "respondeu_em",
    "interessado": "interessado_em",
    "agendado": "agendado_em",
    "convertido": "convertido_em",
}
"""Column that keeps when a lead first reached a status: the funnel counts these."""


def chave_dedupe(email_norm: str | None, telefone_norm: str | None) -> str:
    """Decision 10: normalised e-mail and phone together."""
    return f"{email_norm or ''}|{telefone_norm or ''}"


def proximo_status(atual: str, pedido: str) -> str:
    """The status after a request: the funnel only goes forward, and final ones stay.

    ``descartado`` may follow anything that is not final; a discarded lead that answers again
    may come back as ``respondeu`` or later.
    """
    if atual in FINAL:
        return atual
    if pedido in FINAL or pedido == "descartado" or atual == "descartado":
        return pedido
    return pedido if _ORDEM.get(pedido, 0) >= _ORDEM.get(atual, 0) else atual


def posicao(status: str) -> int:
    """How far in the funnel a status is; below zero for those that left it."""
    return _ORDEM.get(status, -1)


def telefone_identidade(e164: str) -> str:
    """Decision 9: a Brazilian mobile with and without the ninth digit is one identity."""
    if len(e164) == 14 and e164.startswith("+55") and e164[5] == "9":
        return e164[:5] + e164[6:]
    return e164
