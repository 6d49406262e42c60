"""Sessions as rows, whichever home issued their tokens: begun, listed, moved, ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, text, update

from alquimista.db.base import table_of
from alquimista.db.session import Database
from alquimista.plataforma.identity import trail
from alquimista.plataforma.identity.models import Sessao
from alquimista.plataforma.identity.port import Credencial, Origem
from alquimista.plataforma.tenants.models import User
from alquimista_sdk.errors import NotFound

IDLE = timedelta(days=30)
LONGEST = timedelta(days=90)
_NO_SESSION = "Sessão não encontrada."
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_BEGIN = insert(table_of(Sessao))
_BELONGS = text("SELECT 1 FROM alquimista_platform.tenants_of(:person) WHERE id = :tenant")
_SHOWN = (
    Sessao.id,
    Sessao.rede,
    Sessao.dispositivo,
    Sessao.segundo_fator,
    Sessao.created_at,
    Sessao.ultimo_uso_em,
    Sessao.expira_em,
)


class SessionRows:
    """The rows of sessions, in transactions of the person. ``clock`` is machine time."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(
        self,
        connection: Connection,
        user_id: UUID,
        sessao_id: UUID,
        origem: Origem,
        *,
        segundo_fator: bool,
        tenant_id: UUID | None = None,
    ) -> None:
        """Insert a session's row."""
        agora = self._clock()
        connection.execute(
            _BEGIN,
            {
                "id": sessao_id,
                "user_id": user_id,
                "tenant_escolhido": tenant_id,
                "segundo_fator": segundo_fator,
                "rede": origem.rede[:45],
                "dispositivo": _CONTROL.sub(" ", origem.dispositivo)[:200],
                "created_at": agora,
                "ultimo_uso_em": agora,
                "expira_em": agora + IDLE,
            },
        )

    def touch(self, connection: Connection, user_id: UUID, sessao_id: UUID, origem: Origem) -> bool:
        """Note that a session goes on; False where it has ended or belongs to somebody else."""
        agora = self._clock()
        changed = connection.execute(
            update(Sessao)
            .where(
                Sessao.user_id == user_id,
                Sessao.id == sessao_id,
                Sessao.revogada_em.is_(None),
                Sessao.expira_em > agora,
            )
            .values(
                ultimo_uso_em=agora,
                expira_em=func.least(agora + IDLE, Sessao.created_at + LONGEST),
                rede=origem.rede[:45],
            )
        )
        return changed.rowcount == 1

    def list(self, user_id: UUID) -> Sequence[Mapping[str, Any]]:
        """The person's live sessions, the last used first."""
        with self._database.person(user_id) as connection:
            rows = connection.execute(
                select(*_SHOWN)
                .where(
                    Sessao.user_id == user_id,
                    Sessao.revogada_em.is_(None),
                    Sessao.expira_em > self._clock(),
                )
                .order_by(Sessao.ultimo_uso_em.desc(), Sessao.id)
            )
            return [dict(row._mapping) for row in rows]

    def end(self, user_id: UUID, sessao_id: UUID) -> None:
        """End one session of the person. Raises ``NotFound``."""
        with self._database.person(user_id) as connection:
            if not self.stop(connection, user_id, "encerrada", Sessao.id == sessao_id):
                raise NotFound(_NO_SESSION)
            trail.note(self._database, connection, user_id, "sessao_encerrada")

    def end_all(
        self, connection: Connection, user_id: UUID, menos: UUID | None, motivo: str
    ) -> int:
        """End every session but one; answers how many.

        Without an exception, tokens that an outside provider issued until now end too.
        """
        condition = (Sessao.id != menos,) if menos is not None else ()
        ended = self.stop(connection, user_id, motivo, *condition)
        if menos is None:
            connection.execute(
                update(User).where(User.id == user_id).values(acesso_desde=self._clock())
            )
        return ended

    def stop(self, connection: Connection, user_id: UUID, motivo: str, *which: Any) -> int:
        """End the person's sessions that a condition names; answers how many."""
        return connection.execute(
            update(Sessao)
            .where(Sessao.user_id == user_id, Sessao.revogada_em.is_(None), *which)
            .values(revogada_em=self._clock(), motivo=motivo)
        ).rowcount

    @staticmethod
    def factor_shown(connection: Connection, credencial: Credencial, tenant_id: UUID) -> bool:
        """Whether the session has shown a second factor, where it may go on to a tenant.

        Raises:
            NotFound: the person does not belong to that tenant, or the session is not theirs.
        """
        belongs = connection.execute(
            _BELONGS, {"person": credencial.user_id, "tenant": tenant_id}
        ).one_or_none()
        factor: bool | None = connection.execute(
            select(Sessao.segundo_fator).where(
                Sessao.user_id == credencial.user_id, Sessao.id == credencial.sessao_id
            )
        ).scalar_one_or_none()
        if belongs is None or factor is None:
            raise NotFound("Conta não encontrada.")
        return factor

    @staticmethod
    def choose(connection: Connection, credencial: Credencial, tenant_id: UUID) -> None:
        """Let the tokens of a session act in a tenant."""
        connection.execute(
            update(Sessao)
            .where(Sessao.user_id == credencial.user_id, Sessao.id == credencial.sessao_id)
            .values(tenant_escolhido=tenant_id)
        )

    @staticmethod
    def mark_factor(connection: Connection, credencial: Credencial) -> None:
        """Say that the session has shown a second factor."""
        connection.execute(
            update(Sessao)
            .where(Sessao.user_id == credencial.user_id, Sessao.id == credencial.sessao_id)
            .values(segundo_fator=True)
        )
