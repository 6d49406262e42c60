"""What a lead may name in an answer: an option, a day, an hour, a part of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True)
class Opcao:
    """An offered slot by its number; -1 is the last one."""

    numero: int

    def aceita(self, local: datetime) -> bool:
        """Options are matched by number, not by time."""
        return False


@dataclass(frozen=True, slots=True)
class Numero:
    """A bare number that is no option: an hour or a day of the month."""

    valor: int

    def aceita(self, local: datetime) -> bool:
        """Whether a slot starts at that hour or on that day of the month."""
        return self.valor in (local.hour, local.day)


@dataclass(frozen=True, slots=True)
class DiaDaSemana:
    """Monday is 0. ``ordinal`` is the option that the same word may mean ("a segunda")."""

    dia: int
    ordinal: int | None = None

    def aceita(self, local: datetime) -> bool:
        """Whether a slot lies on that weekday."""
        return local.weekday() == self.dia


@dataclass(frozen=True, slots=True)
class Data:
    """One calendar day."""

    dia: date

    def aceita(self, local: datetime) -> bool:
        """Whether a slot lies on that day."""
        return local.date() == self.dia


@dataclass(frozen=True, slots=True)
class Semana:
    """Days from ``inicio`` to ``fim``, both included."""

    inicio: date
    fim: date

    def aceita(self, local: datetime) -> bool:
        """Whether a slot lies in those days."""
        return self.inicio <= local.date() <= self.fim


@dataclass(frozen=True, slots=True)
class Hora:
    """An hour of the day; without minutes it names the whole hour."""

    hora: int
    minuto: int | None = None

    def aceita(self, local: datetime) -> bool:
        """Whether a slot starts then."""
        return local.hour == self.hora and (self.minuto is None or local.minute == self.minuto)


@dataclass(frozen=True, slots=True)
class Periodo:
    """A part of the day, from ``desde`` to just before ``ate``."""

    desde: time
    ate: time

    def aceita(self, local: datetime) -> bool:
        """Whether a slot starts in it."""
        return self.desde <= local.time() < self.ate


@dataclass(frozen=True, slots=True)
class Faixa:
    """A condition: from ``desde`` on, and over by ``ate`` where they are set."""

    desde: time | None = None
    ate: time | None = None

    def aceita(self, local: datetime) -> bool:
        """Whether a slot starts inside the limits (its end is not looked at)."""
        hora = local.time()
        return (self.desde is None or hora >= self.desde) and (self.ate is None or hora < self.ate)


Mencao = Opcao | Numero | DiaDaSemana | Data | Semana | Hora | Periodo | Faixa
_ALTERNATIVAS: tuple[tuple[type, ...], ...] = ((DiaDaSemana, Data), (Hora,), (Periodo,), (Numero,))


@dataclass(frozen=True, slots=True)
class Pedido:
    """The time that a lead asks for. ``recusadas`` is what the lead said no to."""

    mencoes: tuple[Mencao, ...] = ()
    recusadas: tuple[Mencao, ...] = ()

    def aceita(self, local: datetime) -> bool:
        """Whether a start (in the zone that the lead reads) fits.

        Days named side by side are alternatives, and so are hours; a day and an hour must both
        fit, as must every week and every condition.
        """
        if any(mencao.aceita(local) for mencao in self.recusadas):
            return False
        for tipos in _ALTERNATIVAS:
            grupo = [mencao for mencao in self.mencoes if isinstance(mencao, tipos)]
            if grupo and not any(mencao.aceita(local) for mencao in grupo):
                return False
        return all(
            mencao.aceita(local) for mencao in self.mencoes if isinstance(mencao, Semana | Faixa)
        )

    @property
    def tem_dia(self) -> bool:
        """Whether the lead named a day."""
        return any(isinstance(mencao, DiaDaSemana | Data) for mencao in self.mencoes)

    def ultimo_dia(self) -> date | None:
        """The latest day that was named, to search as far as that."""
        dias = [m.dia for m in self.mencoes if isinstance(m, Data)]
        dias += [m.fim for m in self.mencoes if isinstance(m, Semana)]
        return max(dias, default=None)


def opcoes(mencoes: Sequence[Mencao], quantas: int) -> list[int]:
    """The option numbers that are named, the last one resolved."""
    return [
        quantas if mencao.numero == -1 else mencao.numero
        for mencao in mencoes
        if isinstance(mencao, Opcao)
    ]
