"""Rules of data subjects' requests: the clock, the reminders, what a request may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

ACESSO, EXCLUSAO, OPOSICAO = "acesso", "exclusao", "oposicao"
TIPOS = (ACESSO, EXCLUSAO, OPOSICAO)
"""Access to the data (LGPD, art. 18, II), their removal (art. 18, VI), and a consent taken back or
an objection (art. 8, § 5; art. 18, IX and § 2), which is about one purpose."""
AGUARDANDO, CONFIRMADO, ATENDIDO = "aguardando_confirmacao", "confirmado", "atendido"
STATUS = (AGUARDANDO, CONFIRMADO, ATENDIDO)
PRAZO = timedelta(days=15)
"""LGPD, art. 19, II: fifteen days from the request."""
LEMBRETES = tuple(timedelta(days=days) for days in (7, 12, 14, 15, 16))
"""When the account's managers are reminded of a request that nobody has answered."""
LINK_VALE = timedelta(hours=48)
DADOS_VALEM = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Pedido:
    """What a person asks for; ``finalidade`` is the purpose that is to stop, with ``oposicao``."""

    tipo: str
    email: str
    finalidade: str | None = None

    @property
    def detalhes(self) -> dict[str, Any]:
        """What the audit may say of it."""
        finalidade = {"finalidade": self.finalidade} if self.finalidade else {}
        return {"tipo": self.tipo, **finalidade}


def proximo_lembrete(confirmado_em: datetime, agora: datetime) -> datetime | None:
    """The next reminder after ``agora``; None where the last one is over."""
    moments = (confirmado_em + after for after in LEMBRETES)
    return next((moment for moment in moments if moment > agora), None)


def dias_restantes(prazo_em: datetime, agora: datetime) -> int:
    """Whole days until the deadline; below zero when it is over."""
    return (prazo_em - agora) // timedelta(days=1)
