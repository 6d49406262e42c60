"""When and how often a segment is written to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Lote, Ritmo
from nigredo_estrategia.modelos import biblioteca

EXPEDIENTE: Final = (time(8, 0), time(18, 0))
"""Nothing leaves outside of these hours (lead's zone), whatever the configuration says."""
LIMITE_POR_HORA: Final = 100
_DIAS: Final[Mapping[str, int]] = {"A": 2, "B": 2, "C": 3}
_HORA = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")


def ritmo_do_lote(lote: Lote, config: Mapping[str, Any]) -> Ritmo:
    """Hours by the lot's setor, business days between stages by its priority.

    ``hora_inicio``, ``hora_fim`` (HH:MM), ``dias_entre_etapas`` and ``por_hora`` of the tenant's
    configuration go first; the hours are kept inside of the business day.

    Raises:
        PermanentError: the configured hours leave no time to send in.
    """
    inicio, fim = _janela(lote.setor)
    inicio = max(_hora(config.get("hora_inicio")) or inicio, EXPEDIENTE[0])
    fim = min(_hora(config.get("hora_fim")) or fim, EXPEDIENTE[1])
    if inicio >= fim:
        raise PermanentError(
            f"a janela de envio de {inicio:%H:%M} a {fim:%H:%M} não deixa horário algum",
            code="janela_vazia",
        )
    dias = config.get("dias_entre_etapas") or _DIAS[lote.prioridade]
    por_hora = min(int(config.get("por_hora") or LIMITE_POR_HORA), LIMITE_POR_HORA)
    return Ritmo(hora_inicio=inicio, hora_fim=fim, dias_entre_etapas=int(dias), por_hora=por_hora)


def _janela(setor: str | None) -> tuple[time, time]:
    palavras = set(re.findall(r"\w+", _dobrado(setor or "")))
    for janela in biblioteca().janelas:
        if palavras.intersection(janela.palavras):
            return janela.hora_inicio, janela.hora_fim
    padrao = Ritmo()
    return padrao.hora_inicio, padrao.hora_fim


def _hora(texto: object) -> time | None:
    achado = _HORA.match(texto) if isinstance(texto, str) else None
    return time(int(achado[1]), int(achado[2])) if achado else None


def _dobrado(texto: str) -> str:
    decomposto = unicodedata.normalize("NFKD", texto.casefold())
    return "".join(c for c in decomposto if not unicodedata.combining(c))
