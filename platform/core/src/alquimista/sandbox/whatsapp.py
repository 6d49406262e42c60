"""The WhatsApp twin: texts that a person can read in the sandbox."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from alquimista.db.session import Database
from alquimista.sandbox.service import NovaMensagem, arrived, record

CANAL = "whatsapp"


def provider_id_of(chave: str) -> str:
    """The twin's id of an idempotency key: the same for every attempt."""
    return f"wamid.sandbox.{hashlib.sha256(chave.encode()).hexdigest()[:40]}"


class SandboxWhatsApp:
    """Keeps each message in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(
        self,
        tenant_id: UUID,
        para: str,
        texto: str,
        chave: str,
        disparo_id: UUID | None,
        lead_id: UUID | None,
        *,
        remetente: str = "sandbox",
        agora: datetime | None = None,
    ) -> str:
        """Keep a text once per ``chave``; answers its id. ``agora`` is its business time."""
        provider_id = provider_id_of(chave)
        with self._database.unit_of_work(tenant_id) as uow:
            record(
                uow,
                NovaMensagem(
                    canal=CANAL,
                    remetente=remetente,
                    destinatario=para,
                    mensagem=texto.replace("\x00", ""),
                    provider_id=provider_id,
                    disparo_id=disparo_id,
                    lead_id=lead_id,
                    enviada_em=agora,
                ),
            )
        return provider_id

    def arrived(self, tenant_id: UUID, chave: str) -> bool:
        """Whether the message of that key is here."""
        with self._database.unit_of_work(tenant_id) as uow:
            return arrived(uow, CANAL, provider_id_of(chave))
