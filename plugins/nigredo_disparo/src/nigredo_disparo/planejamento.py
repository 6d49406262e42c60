"""When each message goes out: even pace, human jitter, exact limits, nothing ever slept.

Decision 15: at most 100 an hour and 500 a day per tenant in any rolling window, 2 s between two
messages, jitter of ±5 min clamped inside the hours. The sender's gate holds these again, exactly
and for the whole tenant; planning keeps to them so that the gate rarely has to postpone.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from nigredo_disparo.calendario import Expediente, proxima_abertura, somar_dias_uteis

POR_HORA_MAXIMO = 100
POR_DIA_MAXIMO = 500
PAUSA_S = 2
JITTER_S = 300
_HORA_S = 3600
_DIA_S = 86_400
Abertura = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Destino:
    """One lead to write to: where it lives decides when it may be written to."""

    lead_id: UUID
    fuso: str
    uf: str | None = None


class Agenda:
    """The seconds (Unix time) that are taken, and where the next free one is."""

    def __init__(self, por_hora: int, ocupados: Iterable[int] = ()) -> None:
        self._limites = (
            (min(max(por_hora, 1), POR_HORA_MAXIMO), _HORA_S),
            (POR_DIA_MAXIMO, _DIA_S),
        )
        self._momentos = sorted(ocupados)

    def reservar(self, segundo: int, abertura: Abertura) -> int:
        """Take the first free second at or after ``segundo``.

        ``abertura`` answers the first second at or after another that lies inside the sending
        hours. Terminates because both it and the limits only ever move forward.
        """
        while True:
            adiante = self._livre(abertura(segundo))
            if adiante == segundo:
                insort(self._momentos, segundo)
                return segundo
            segundo = adiante

    def cauda(self) -> tuple[int, ...]:
        """The latest moments: all that later plans need to keep both windows exact."""
        return tuple(self._momentos[-POR_DIA_MAXIMO:])

    def _livre(self, segundo: int) -> int:
        indice = bisect_left(self._momentos, segundo)
        for vizinho in self._momentos[max(indice - 1, 0) : indice + 1]:
            if abs(vizinho - segundo) < PAUSA_S:
                return vizinho + PAUSA_S
        for limite, janela in self._limites:
            primeiro = self._janela_cheia(segundo, indice, limite, janela)
            if primeiro is not None:
                return primeiro + janela
        return segundo

    def _janela_cheia(self, segundo: int, indice: int, limite: int, janela: int) -> int | None:
        """The start of a run of ``limite`` moments that ``segundo`` would overfill, if any."""
        ultimo_inicio = min(indice, len(self._momentos) - limite)
        for inicio in range(max(indice - limite, 0), ultimo_inicio + 1):
            menor = min(self._momentos[inicio], segundo)
            maior = max(self._momentos[inicio + limite - 1], segundo)
            if maior - menor < janela:
                return self._momentos[inicio]
        return None


def planejar(
    destinos: Sequence[Destino],
    agora: datetime,
    expediente: Expediente,
    por_hora: int,
    semente: str,
    ocupados: Iterable[int] = (),
) -> tuple[tuple[datetime, ...], tuple[int, ...]]:
    """Plan one message to each lead, in the order given (highest priority first).

    Answers the moments (UTC, same order) and the seconds to keep as ``ocupados`` of the next plan.
    ``semente`` makes the jitter: the same call always gives the same plan.
    """
    intervalo = max(_HORA_S // min(max(por_hora, 1), POR_HORA_MAXIMO), PAUSA_S)
    agenda = Agenda(por_hora, ocupados)
    partida = int(agora.timestamp()) + 1
    cursores: dict[tuple[str, str | None], int] = {}
    momentos = []
    for destino in destinos:
        chave = (destino.fuso, destino.uf)
        abertura = _abertura(expediente, *chave)
        base = abertura(cursores.get(chave, partida))
        desvio = jitter(f"{semente}:{destino.lead_id}")
        desejado = _dentro(base, desvio, expediente, destino.fuso)
        momento = agenda.reservar(max(desejado, partida), abertura)
        cursores[chave] = max(base, momento - JITTER_S) + intervalo
        momentos.append(datetime.fromtimestamp(momento, UTC))
    return tuple(momentos), agenda.cauda()


def planejar_seguinte(
    enviado_em: datetime,
    agora: datetime,
    expediente: Expediente,
    dias_uteis: int,
    destino: Destino,
    semente: str,
) -> datetime:
    """The moment (UTC) of a follow-up: ``dias_uteis`` business days later, at a similar hour."""
    zona = ZoneInfo(destino.fuso)
    local = enviado_em.astimezone(zona)
    dia = somar_dias_uteis(local.date(), max(dias_uteis, 1), destino.uf)
    abertura = _abertura(expediente, destino.fuso, destino.uf)
    base = abertura(int(datetime.combine(dia, local.time(), zona).timestamp()))
    desvio = jitter(f"{semente}:{destino.lead_id}")
    desejado = _dentro(base, desvio, expediente, destino.fuso)
    momento = abertura(max(desejado, int(agora.timestamp()) + 1))
    return datetime.fromtimestamp(momento, UTC)


def jitter(semente: str) -> int:
    """Seconds between -300 and 300, always the same for one seed."""
    resumo = hashlib.sha256(semente.encode()).digest()
    return int.from_bytes(resumo[:4]) % (2 * JITTER_S + 1) - JITTER_S


def variante(lead_id: UUID, quantas: int) -> int:
    """Which of ``quantas`` variants a lead gets: a stable hash of its id, from 0."""
    return int.from_bytes(hashlib.sha256(lead_id.bytes).digest()[:8]) % max(quantas, 1)


def _abertura(expediente: Expediente, fuso: str, uf: str | None) -> Abertura:
    def abertura(segundo: int) -> int:
        momento = datetime.fromtimestamp(segundo, UTC)
        return int(proxima_abertura(momento, expediente, fuso, uf).timestamp())

    return abertura


def _dentro(base: int, desvio: int, expediente: Expediente, fuso: str) -> int:
    """``base`` moved by ``desvio`` and mirrored at the edges of its day, so that none pile up."""
    zona = ZoneInfo(fuso)
    dia = datetime.fromtimestamp(base, zona).date()
    inicio = int(datetime.combine(dia, expediente.inicio, zona).timestamp())
    ultimo = int((datetime.combine(dia, expediente.fim, zona) - timedelta(seconds=1)).timestamp())
    desejado = base + desvio
    if desejado < inicio:
        desejado = 2 * inicio - desejado
    elif desejado > ultimo:
        desejado = 2 * ultimo - desejado
    return min(max(desejado, inicio), ultimo)
