"""Hours and parts of the day as people write them: "10h", "às dez e meia", "depois das 15h"."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time

from nigredo_agendamento.mencoes import Faixa, Hora, Mencao, Periodo

_POR_EXTENSO = {
    "uma": 1,
    "duas": 2,
    "tres": 3,
    "quatro": 4,
    "cinco": 5,
    "seis": 6,
    "sete": 7,
    "oito": 8,
    "nove": 9,
    "dez": 10,
    "onze": 11,
    "doze": 12,
    "treze": 13,
    "catorze": 14,
    "quatorze": 14,
    "quinze": 15,
    "dezesseis": 16,
    "dezessete": 17,
    "dezoito": 18,
    "meio dia": 12,
    "meio-dia": 12,
}
_CEDO_DEMAIS = 7
_NUMERO = rf"(?:\d{{1,2}}|{'|'.join(sorted(_POR_EXTENSO, key=len, reverse=True))})"
_SUFIXO = r"(?: ?(?:horas?|hrs?|hs?)\b)"
_MINUTOS = r"(?: ?(?:h|:|hs|horas? e) ?(?P<{0}>[0-5]\d)(?: ?(?:min|h)\b)?)"
_METADE = r"(?: ?(?:h|horas?)? e (?P<{0}>meia)\b)"
_PARTE = r"(?: d[ae] (?P<{0}>manha|tarde|noite)\b)"


def _relogio(n: str) -> str:
    """The pattern of one time of day, its groups named with the suffix ``n``."""
    return (
        rf"(?P<h{n}>{_NUMERO})"
        rf"(?:{_MINUTOS.format('m' + n)}|{_METADE.format('meia' + n)}|{_SUFIXO})?"
        rf"{_PARTE.format('p' + n)}?"
    )


def _hora(achado: re.Match[str], n: str) -> tuple[int, int | None] | None:
    escrito = achado[f"h{n}"]
    hora = int(escrito) if escrito.isdigit() else _POR_EXTENSO[escrito]
    parte = achado[f"p{n}"]
    if hora > 23:
        return None
    # nobody books a meeting at three in the morning: "às 3" is 15h
    if (parte in ("tarde", "noite") and hora < 12) or (parte is None and hora < _CEDO_DEMAIS):
        hora += 12
    minuto = 30 if achado[f"meia{n}"] else achado[f"m{n}"]
    return hora, int(minuto) if minuto is not None else None


def _exata(achado: re.Match[str], hoje: date) -> Mencao | None:
    lida = _hora(achado, "1")
    return Hora(*lida) if lida else None


def _meio_dia(achado: re.Match[str], hoje: date) -> Mencao:
    return Hora(12)


def _entre(achado: re.Match[str], hoje: date) -> Mencao | None:
    inicio, fim = _hora(achado, "1"), _hora(achado, "2")
    if inicio is None or fim is None:
        return None
    return Faixa(time(inicio[0], inicio[1] or 0), time(fim[0], fim[1] or 0))


def _desde(achado: re.Match[str], hoje: date) -> Mencao | None:
    lida = _hora(achado, "1")
    return Faixa(desde=time(lida[0], lida[1] or 0)) if lida else None


def _ate(achado: re.Match[str], hoje: date) -> Mencao | None:
    lida = _hora(achado, "1")
    return Faixa(ate=time(lida[0], lida[1] or 0)) if lida else None


def _apos_almoco(achado: re.Match[str], hoje: date) -> Mencao:
    return Faixa(desde=time(13))


def _antes_do_almoco(achado: re.Match[str], hoje: date) -> Mencao:
    return Faixa(ate=time(12))


def _periodo(desde: int, ate: int) -> Callable[[re.Match[str], date], Mencao]:
    def fabrica(achado: re.Match[str], hoje: date) -> Mencao:
        return Periodo(time(desde), time(ate) if ate < 24 else time(23, 59))

    return fabrica


HORAS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Mencao | None]], ...] = (
    (
        re.compile(
            rf"\b(?:entre|das) (?:as )?{_relogio('1')} (?:e|as|ate|a) (?:as )?{_relogio('2')}"
        ),
        _entre,
    ),
    (re.compile(r"\b(?:depois|apos) (?:do|o) almoco\b"), _apos_almoco),
    (re.compile(r"\bantes do almoco\b"), _antes_do_almoco),
    (
        re.compile(
            rf"\b(?:depois d[aeo]s?|apos(?: as?)?|a partir d[aeo]s?|mais tarde que(?: as)?)"
            rf" {_relogio('1')}\b"
        ),
        _desde,
    ),
    (re.compile(rf"\b(?:antes d[aeo]s?|ate(?: as?)?) {_relogio('1')}\b"), _ate),
    (
        re.compile(rf"\b(?:as|pelas|la pelas|por volta das|perto das|das) {_relogio('1')}\b"),
        _exata,
    ),
    (
        re.compile(
            rf"\b(?P<h1>{_NUMERO})(?:{_MINUTOS.format('m1')}|{_METADE.format('meia1')}|{_SUFIXO}){_PARTE.format('p1')}?\b"
        ),
        _exata,
    ),
    (re.compile(rf"\b(?P<h1>{_NUMERO})(?P<m1>(?!))?(?P<meia1>(?!))?{_PARTE.format('p1')}"), _exata),
    (re.compile(r"\b(?:ao |no )?meio[- ]dia\b"), _meio_dia),
    (re.compile(r"\b(?:final|fim|finalzinho) (?:da tarde|do dia)\b"), _periodo(16, 19)),
    (re.compile(r"\b(?:comeco|inicio) da tarde\b"), _periodo(12, 15)),
    (
        re.compile(r"\b(?:de |pela |na |a |da )?(?:manha|manhazinha)\b|\b(?:mais |bem )?cedo\b"),
        _periodo(0, 12),
    ),
    (re.compile(r"(?<!mais )\b(?:de |pela |na |a |da )?tarde\b"), _periodo(12, 18)),
    (re.compile(r"\b(?:de |pela |na |a |da )noite\b"), _periodo(18, 24)),
)
