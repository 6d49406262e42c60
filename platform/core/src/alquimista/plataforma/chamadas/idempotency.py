"""Idempotency keys: a POST that is repeated with its key is done once and answered alike.

IETF draft "The Idempotency-Key HTTP Header Field": the same key with another request is refused,
one that is still under way is a conflict. A key belongs to who used it and is kept for 24 hours of
machine time. A request that fails leaves no key: it changed nothing and may be sent again.

A process says every twenty seconds which of its requests are under way. One that has not been
spoken for in ``LEASE`` died: its key may be used again, unless the transaction of the request was
committed, which marks the key. Then it was done, its answer is lost, and whoever repeats it is told
so.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Row, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.chamadas.models import IdempotencyKey
from alquimista.plataforma.chamadas.opening import LEASE
from alquimista_sdk.errors import PermanentError

logger = logging.getLogger(__name__)
RENEWED_SECONDS = LEASE.total_seconds() / 3
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NONCE = 12
_REFS = 1_000
_KEYS = table_of(IdempotencyKey)
_CLOSE = text(
    "SELECT alquimista_platform.close_call(:tenant, :entry, :status, :answer, :headers, :refs)"
).bindparams(bindparam("headers", type_=JSONB), bindparam("refs", type_=JSONB))


class ChaveReutilizada(PermanentError):
    """The key was used for another request. Take a new one."""

    code = "chave_idempotencia_reutilizada"


class EmAndamento(PermanentError):
    """The first request with this key has not been answered. Wait, then send it again."""

    code = "requisicao_em_andamento"
    http_status = HTTPStatus.CONFLICT
    retry_after = 1


class RespostaPerdida(PermanentError):
    """The first request was done, and its process died before it answered. Look at what is there
    before anything is sent again under another key."""

    code = "resposta_perdida"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Resposta:
    """A stored answer."""

    status: int
    corpo: bytes
    cabecalhos: Mapping[str, str]


class IdempotencyKeys:
    """Keys of all tenants; ``secret`` (32 bytes) encrypts stored answers (AES-256-GCM).

    ``renewed_seconds`` is how often it is said which requests are under way.
    """

    def __init__(
        self, database: Database, secret: bytes, renewed_seconds: float = RENEWED_SECONDS
    ) -> None:
        self._database = database
        self._cipher = AESGCM(secret)
        self._renewed_seconds = renewed_seconds
        self._under_way: dict[UUID, UUID] = {}
        self._lock = threading.Lock()
        self._renewing = False

    def answer_of(self, known: Row[Any], corpo_hash: str) -> Resposta:
        """What a key's first request was answered. ``known`` is what ``open_call`` found.

        Raises:
            ChaveReutilizada: it was another request.
            EmAndamento: it is not answered yet.
            RespostaPerdida: it was done and will never be answered.
        """
        if known.known is None:
            raise EmAndamento("A primeira requisição com esta chave acabou de falhar; repita.")
        if known.known_digest != corpo_hash:
            raise ChaveReutilizada("Esta Idempotency-Key já foi usada em outra requisição.")
        if known.known_done:
            raise RespostaPerdida(
                "A primeira requisição com esta chave foi feita, mas a resposta se perdeu; "
                "confira o que já existe antes de repetir com outra chave."
            )
        if known.known_status is None or known.known_answer is None:
            raise EmAndamento("A primeira requisição com esta chave ainda está em andamento.")
        corpo = self._open(known.known, bytes(known.known_answer))
        return Resposta(known.known_status, corpo, known.known_headers)

    def begin(self, tenant_id: UUID, entry: UUID) -> None:
        """Speak for a request that was let through, until it is finished or forgotten."""
        with self._lock:
            self._under_way[entry] = tenant_id
            if not self._renewing:
                self._renewing = True
                threading.Thread(target=self._renew, name="idempotency", daemon=True).start()

    def finish(self, tenant_id: UUID, entry: UUID, resposta: Resposta) -> None:
        """Keep the answer for whoever repeats the request."""
        found = list(dict.fromkeys(m.decode() for m in _UUID.findall(resposta.corpo)))
        self._close(
            tenant_id,
            entry,
            status=resposta.status,
            answer=self._seal(entry, resposta.corpo),
            headers=dict(resposta.cabecalhos),
            refs=found[:_REFS],
        )

    def forget(self, tenant_id: UUID, entry: UUID) -> None:
        """Give a key back: its request failed and changed nothing."""
        self._close(tenant_id, entry, status=None, answer=None, headers=None, refs=None)

    def _close(self, tenant_id: UUID, entry: UUID, **values: Any) -> None:
        with self._lock:
            self._under_way.pop(entry, None)
        with self._database.anonymous() as connection:
            connection.execute(_CLOSE, {"tenant": tenant_id, "entry": entry, **values})

    def _renew(self) -> None:
        """Until nothing is under way: the next request starts it again."""
        while True:
            time.sleep(self._renewed_seconds)
            with self._lock:
                entries = dict(self._under_way)
                if not entries:
                    self._renewing = False
                    return
            for tenant_id in set(entries.values()):
                mine = [entry for entry, owner in entries.items() if owner == tenant_id]
                try:
                    self._speak_for(tenant_id, mine)
                except SQLAlchemyError as error:
                    logger.warning("requests under way were not renewed", exc_info=error)

    def _speak_for(self, tenant_id: UUID, entries: list[UUID]) -> None:
        """A row that is locked has its transaction to speak for it."""
        free = (
            select(_KEYS.c.id)
            .where(_KEYS.c.tenant_id == tenant_id, _KEYS.c.id.in_(entries))
            .with_for_update(skip_locked=True)
        )
        with self._database.unit_of_work(tenant_id) as uow:
            uow.connection.execute(
                update(_KEYS)
                .where(_KEYS.c.tenant_id == tenant_id, _KEYS.c.id.in_(free))
                .values(em_curso_ate=func.clock_timestamp() + LEASE)
            )

    def _seal(self, row_id: UUID, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, row_id.bytes)

    def _open(self, row_id: UUID, sealed: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], row_id.bytes)


def erase(uow: UnitOfWork, lead_id: UUID) -> int:
    """Delete stored answers that name a lead; answers how many."""
    return uow.connection.execute(
        delete(_KEYS).where(
            _KEYS.c.tenant_id == uow.tenant_id,
            _KEYS.c.refs.contains([str(lead_id)]),
        )
    ).rowcount
