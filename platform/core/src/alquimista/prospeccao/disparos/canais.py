"""The port that the sender calls: one channel, and what it is told of a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from alquimista.prospeccao.disparos.modelos import ModeloPreenchido
from alquimista_sdk.models import Anexo

Situacao = Literal["enviado", "nao_enviado", "desconhecido"]


@dataclass(frozen=True, slots=True)
class Envio:
    """One message as a channel needs it.

    ``chave`` is the idempotency key; ``agora`` is business time (UTC); ``modelo`` is
    the approved template that WhatsApp needs outside of its 24-hour window.
    """

    tenant_id: UUID
    disparo_id: UUID
    lead_id: UUID | None
    chave: str
    canal: str
    remetente: str
    remetente_nome: str
    destinatarios: tuple[str, ...]
    assunto: str
    mensagem: str
    anexos: tuple[Anexo, ...]
    link_descadastro: str | None
    em_resposta_a: str | None
    modelo: ModeloPreenchido | None
    agora: datetime


class Canal(Protocol):
    """A way to reach people. ``sandbox`` is True where a twin stands in for the real service."""

    @property
    def sandbox(self) -> bool:
        """Whether what is sent stays here."""

    def send(self, envio: Envio) -> str:
        """Send once per ``chave`` as far as the service allows; answers the provider's id.

        Raises:
            TransientError: surely not sent, unless its ``outcome_unknown`` is True.
            PermanentError: refused for good.
        """

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """What became of a message whose sending was cut off, and the provider's id if sent."""
