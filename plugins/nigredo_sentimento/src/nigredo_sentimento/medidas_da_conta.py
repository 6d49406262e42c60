"""Figures of an account's model, and what counts as no worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nigredo_sentimento.avaliacao import macro_f1
from nigredo_sentimento.descadastro import CERTO, NAO

MENOS_E_MELHOR = ("outros pausados", "erro da força (0 a 100)")
ORDEM = (
    "descadastros vistos",
    "precisão do certo",
    "outros pausados",
    "intenção (macro-F1)",
    "tom (macro-F1)",
    "erro da força (0 a 100)",
)
"""What is compared on the folds, what matters most first."""

_IGUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Lida:
    """Labels of a message, read or given."""

    intent: str
    sentimento: str
    intensidade: float
    descadastro: str


def medir(esperadas: Sequence[Lida], lidas: Sequence[Lida]) -> dict[str, float]:
    """Figures by name; fractions 0 to 1, but for the mean error of the intensity.

    An opt-out that is certain or uncertain was seen; where there is none, all were. ``acertos`` is
    the share of messages of which intent, tone and opt-out are all right.
    """
    pares = list(zip(esperadas, lidas, strict=True))
    pedidos = [lida for esperada, lida in pares if esperada.descadastro == CERTO]
    outros = [lida for esperada, lida in pares if esperada.descadastro == NAO]
    certos = [esperada for esperada, lida in pares if lida.descadastro == CERTO]
    return {
        "descadastros vistos": _share([lida.descadastro != NAO for lida in pedidos]),
        "precisão do certo": _share([item.descadastro == CERTO for item in certos]),
        "outros pausados": 1 - _share([lida.descadastro == NAO for lida in outros]),
        "intenção (macro-F1)": macro_f1(
            [item.intent for item in esperadas], [item.intent for item in lidas]
        ),
        "tom (macro-F1)": macro_f1(
            [item.sentimento for item in esperadas], [item.sentimento for item in lidas]
        ),
        "erro da força (0 a 100)": sum(
            abs(esperada.intensidade - lida.intensidade) for esperada, lida in pares
        )
        / max(1, len(pares)),
        "acertos": _share([_right(esperada, lida) for esperada, lida in pares]),
    }


def nao_pior(novas: Mapping[str, float], antigas: Mapping[str, float]) -> bool:
    """Whether no figure of ``ORDEM`` is worse, however little."""
    for nome in ORDEM:
        diferenca = novas[nome] - antigas[nome]
        if (diferenca if nome in MENOS_E_MELHOR else -diferenca) > _IGUAL:
            return False
    return True


def _right(esperada: Lida, lida: Lida) -> bool:
    return (esperada.intent, esperada.sentimento, esperada.descadastro) == (
        lida.intent,
        lida.sentimento,
        lida.descadastro,
    )


def _share(sins: Sequence[bool]) -> float:
    return sum(sins) / len(sins) if sins else 1.0
