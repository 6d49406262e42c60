"""What use cases need from outside themselves."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from alquimista.files.store import FileStore
from alquimista.runtime.publishing import EventPublisher
from fibonacci_bus.timers import Timers


@dataclass(frozen=True, slots=True)
class Ports:
    """The bus, the timers, the files and the server's key for suppression and tokens."""

    publisher: EventPublisher
    timers: Timers
    files: FileStore
    chave_servidor: bytes
    url_publica: str

    def digest(self, purpose: str, value: str) -> str:
        """A keyed hash (HMAC-SHA256, RFC 2104) of a value, separate for each purpose."""
        return hmac.digest(self.chave_servidor, f"{purpose}:{value}".encode(), "sha256").hex()

    def token_descadastro(self, lead_id: UUID) -> str:
        """The unguessable token of a lead's unsubscribe link."""
        return self.digest("descadastro", str(lead_id))[:40]
