"""What use cases need from outside themselves."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache

from alquimista.files.store import FileStore
from alquimista.runtime.cifra import SubjectKeys
from alquimista.runtime.publishing import EventPublisher
from fibonacci_bus.timers import Timers


@dataclass(frozen=True, slots=True)
class Ports:
    """The bus, timers, files, the keys of leads, the server's key for suppression and tokens."""

    publisher: EventPublisher
    timers: Timers
    files: FileStore
    chaves: SubjectKeys
    chave_servidor: bytes
    url_publica: str

    def digest(self, purpose: str, value: str) -> str:
        """A keyed hash (HMAC-SHA256, RFC 2104) of a value, separate for each purpose."""
        keyed = _keyed(self.chave_servidor).copy()
        keyed.update(f"{purpose}:{value}".encode())
        return keyed.hexdigest()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    """The hash with only its key in it, to be copied.

    ``hmac.digest`` gives the interpreter's lock up at every call, and an import makes one a row.
    """
    return hmac.new(key, digestmod="sha256")
