"""Idempotency keys: a POST that is repeated with its key is done once and answered alike.

IETF draft "The Idempotency-Key HTTP Header Field": the same key with another request is refused,
one that is still under way is a conflict. A key belongs to who used it and is kept for 24 hours of
machine time. A request that fails leaves no key: it changed nothing and may be sent again. One that
died half-way keeps its key, since nobody can tell whether it was done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.chamadas.models import IdempotencyKey
from alquimista_sdk.errors import PermanentError

KEPT = timedelta(hours=24)
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NONCE = 12
_REFS = 1_000


class ChaveReutilizada(PermanentError):
    """The key was used for another request. Take a new one."""

    code = "chave_idempotencia_reutilizada"


class EmAndamento(PermanentError):
    """The first request with this key has not been answered. Wait, then send it again."""

    code = "requisicao_em_andamento"
    http_status = HTTPStatus.CONFLICT
    retry_after = 1


@dataclass(frozen=True, slots=True)
class Resposta:
    """A stored answer."""

    status: int
    corpo: bytes
    cabecalhos: Mapping[str, str]


class IdempotencyKeys:
    """Keys of all tenants; ``secret`` (32 bytes) encrypts stored answers (AES-256-GCM)."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._cipher = AESGCM(secret)

    def begin(self, tenant_id: UUID, ator_id: str, chave: str, corpo_hash: str) -> Resposta | None:
        """Take a key: None where the request is to be done, else the answer it was given.

        Raises:
            ChaveReutilizada: it was used for another request.
            EmAndamento: the first request is not answered yet.
        """
        mine = (
            IdempotencyKey.tenant_id == tenant_id,
            IdempotencyKey.ator_id == ator_id,
            IdempotencyKey.chave == chave,
        )
        with self._database.unit_of_work(tenant_id) as uow:
            uow.connection.execute(
                delete(IdempotencyKey).where(
                    IdempotencyKey.tenant_id == tenant_id,
                    IdempotencyKey.expira_em < func.clock_timestamp(),
                )
            )
            taken = uow.connection.execute(
                insert(IdempotencyKey)
                .values(
                    id=uuid4(),
                    tenant_id=tenant_id,
                    ator_id=ator_id,
                    chave=chave,
                    corpo_hash=corpo_hash,
                    cabecalhos={},
                    refs=[],
                    expira_em=func.clock_timestamp() + KEPT,
                )
                .on_conflict_do_nothing(constraint="uq_chaves_idempotencia_chave")
            ).rowcount
            if taken:
                return None
            row = uow.connection.execute(
                select(IdempotencyKey.__table__).where(*mine)
            ).one_or_none()
        if row is None:
            raise EmAndamento("A primeira requisição com esta chave acabou de falhar; repita.")
        if row.corpo_hash != corpo_hash:
            raise ChaveReutilizada("Esta Idempotency-Key já foi usada em outra requisição.")
        if row.status is None or row.resposta is None:
            raise EmAndamento("A primeira requisição com esta chave ainda está em andamento.")
        return Resposta(row.status, self._open(row.id, row.resposta), row.cabecalhos)

    def finish(self, tenant_id: UUID, ator_id: str, chave: str, resposta: Resposta) -> None:
        """Keep the answer for whoever repeats the request."""
        with self._database.unit_of_work(tenant_id) as uow:
            row_id = uow.connection.execute(
                select(IdempotencyKey.id).where(*self._mine(uow, ator_id, chave))
            ).scalar_one_or_none()
            if row_id is None:
                return
            found = list(dict.fromkeys(m.decode() for m in _UUID.findall(resposta.corpo)))
            uow.connection.execute(
                update(IdempotencyKey)
                .where(IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.id == row_id)
                .values(
                    status=resposta.status,
                    resposta=self._seal(row_id, resposta.corpo),
                    cabecalhos=dict(resposta.cabecalhos),
                    refs=found[:_REFS],
                )
            )

    def forget(self, tenant_id: UUID, ator_id: str, chave: str) -> None:
        """Give a key back: its request failed and changed nothing."""
        with self._database.unit_of_work(tenant_id) as uow:
            uow.connection.execute(delete(IdempotencyKey).where(*self._mine(uow, ator_id, chave)))

    def _mine(self, uow: UnitOfWork, ator_id: str, chave: str) -> tuple[ColumnElement[bool], ...]:
        return (
            IdempotencyKey.tenant_id == uow.tenant_id,
            IdempotencyKey.ator_id == ator_id,
            IdempotencyKey.chave == chave,
        )

    def _seal(self, row_id: UUID, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, row_id.bytes)

    def _open(self, row_id: UUID, sealed: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], row_id.bytes)


def erase(uow: UnitOfWork, lead_id: UUID) -> int:
    """Delete stored answers that name a lead; answers how many."""
    return uow.connection.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.tenant_id == uow.tenant_id,
            IdempotencyKey.refs.contains([str(lead_id)]),
        )
    ).rowcount
