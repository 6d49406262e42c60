"""The twin of outside readers: a few words decide the tone, and nothing is sent anywhere."""

from __future__ import annotations

import re
from typing import Any

_BOAS = frozenset(
    [
        "adorei",
        "bacana",
        "claro",
        "gostei",
        "interesse",
        "legal",
        "obrigada",
        "obrigado",
        "otimo",
        "ótimo",
        "sim",
    ]
)
_RUINS = frozenset(
    [
        "absurdo",
        "chato",
        "horrivel",
        "horrível",
        "nao",
        "não",
        "nunca",
        "odeio",
        "pare",
        "parem",
        "ruim",
    ]
)
_PASSO = 25


def ler(texto: str, anterior: str, tempo_limite_s: float) -> dict[str, Any]:
    """The answer of a reader that knows neither anger nor intent, marked ``sandbox``."""
    palavras = re.findall(r"\w+", texto.lower())
    saldo = sum(palavra in _BOAS for palavra in palavras)
    saldo -= sum(palavra in _RUINS for palavra in palavras)
    return {
        "sentimento": "positivo" if saldo > 0 else "negativo" if saldo < 0 else "neutro",
        "intensidade": min(100, abs(saldo) * _PASSO),
        "intent": None,
        "descadastro": None,
        "conhece_irritado": False,
        "modelo": "sandbox",
        "tokens_entrada": 0,
        "tokens_saida": 0,
        "sandbox": True,
    }
