"""Free slots of the tenant's agenda, and which three of them to offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alquimista_sdk.models import Horario, Intervalo, Janela

QUANTOS = 3
_PASSO = timedelta(minutes=30)
_MEIO_DIA = time(12, 0)
JANELAS_PADRAO = tuple(
    Janela(dia, inicio, fim)
    for dia in range(5)
    for inicio, fim in ((time(9, 0), time(12, 0)), (time(14, 0), time(17, 0)))
)
"""Where the tenant set no availability: Monday to Friday, 9-12 and 14-17."""


def livres(
    dias: Iterable[date],
    janelas: Sequence[Janela],
    duracao: timedelta,
    fuso: str,
    ocupados: Sequence[Intervalo],
) -> list[datetime]:
    """Every start (aware, in ``fuso``, in order) of a free slot of ``duracao`` on those days."""
    zona = ZoneInfo(fuso)
    inicios: set[datetime] = set()
    for dia in dias:
        for janela in janelas:
            if janela.dia_semana != dia.weekday():
                continue
            inicio = datetime.combine(dia, janela.inicio, zona)
            fim = datetime.combine(dia, janela.fim, zona)
            while inicio + duracao <= fim:
                if not conflita(inicio, inicio + duracao, ocupados):
                    inicios.add(inicio)
                inicio += _PASSO
    return sorted(inicios)


def conflita(inicio: datetime, fim: datetime, ocupados: Iterable[Intervalo]) -> bool:
    """Whether a half-open span touches one that is taken."""
    return any(outro.inicio < fim and inicio < outro.fim for outro in ocupados)


def escolher(inicios: Sequence[datetime], duracao: timedelta, *, espalhar: bool) -> list[Horario]:
    """Up to three slots to offer, numbered in order of time.

    With ``espalhar`` they lie on different days and halves of the day; without it (the lead named
    a day) the nearest day comes first. Full hours are preferred, slots never overlap.
    """
    escolhidos: list[datetime] = []
    while len(escolhidos) < QUANTOS:
        restantes = [
            inicio for inicio in inicios if all(abs(inicio - e) >= duracao for e in escolhidos)
        ]
        if not restantes:
            break
        escolhidos.append(min(restantes, key=_preferencia(escolhidos, espalhar)))
    return [
        Horario(numero, inicio.astimezone(UTC), (inicio + duracao).astimezone(UTC))
        for numero, inicio in enumerate(sorted(escolhidos), start=1)
    ]


def _preferencia(
    escolhidos: Sequence[datetime], espalhar: bool
) -> Callable[[datetime], tuple[object, ...]]:
    dias = {inicio.date() for inicio in escolhidos}
    ultima_metade = _manha(escolhidos[-1]) if escolhidos else None

    def chave(inicio: datetime) -> tuple[object, ...]:
        mesma_metade = _manha(inicio) == ultima_metade
        quebrado = inicio.minute != 0
        if espalhar:
            return (inicio.date() in dias, mesma_metade, quebrado, inicio)
        return (inicio.date(), quebrado, inicio)

    return chave


def _manha(inicio: datetime) -> bool:
    return inicio.time() < _MEIO_DIA
