"""Sessions: access tokens that name one, and refresh tokens that are exchanged once.

Every exchange gives a new refresh token. One that comes back later than ``GRACE`` after it was
exchanged was stolen, or its thief was faster: the whole session ends and the audit says so. Within
``GRACE`` it is two calls of one browser: the first wins, the other is told to use the first's
answer and gets no tokens, so a thief gains nothing by hurrying.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select, text, update

from alquimista.db.session import Database
from alquimista.plataforma.identity import links, tokens, trail
from alquimista.plataforma.identity.errors import AcessoRecusado, RenovacaoEmAndamento
from alquimista.plataforma.identity.keys import KeyRing
from alquimista.plataforma.identity.models import Renovacao, Sessao
from alquimista.plataforma.identity.port import Credencial, Origem, TokenAnswer
from alquimista.plataforma.tenants.models import User
from alquimista_sdk.errors import NotFound

PREFIX = "alr_"
GRACE = timedelta(seconds=10)
IDLE = timedelta(days=30)
LONGEST = timedelta(days=90)
ATIVO = "ativo"
_REFUSED = "Sua sessão terminou. Entre de novo."
_NO_SESSION = "Sessão não encontrada."
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SHOWN = (
    Sessao.id,
    Sessao.rede,
    Sessao.dispositivo,
    Sessao.segundo_fator,
    Sessao.created_at,
    Sessao.ultimo_uso_em,
    Sessao.expira_em,
)
_FOUND: tuple[Any, ...] = (
    Sessao.id,
    Sessao.user_id,
    Sessao.tenant_escolhido.label("tenant"),
    Sessao.created_at,
    Sessao.expira_em,
    Sessao.revogada_em,
    Renovacao.usada_em,
    User.status,
)


class Sessions:
    """Starts, exchanges, lists and ends the sessions of people. ``clock`` is machine time."""

    def __init__(
        self, database: Database, ring: KeyRing, issuer: str, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._ring = ring
        self._issuer = issuer
        self._clock = clock

    def start(
        self,
        connection: Connection,
        user_id: UUID,
        origem: Origem,
        *,
        segundo_fator: bool,
        tenant_id: UUID | None = None,
    ) -> TokenAnswer:
        """Begin a session in a transaction of the person."""
        agora, sessao_id = self._clock(), uuid4()
        connection.execute(
            insert(Sessao).values(
                id=sessao_id,
                user_id=user_id,
                tenant_escolhido=tenant_id,
                segundo_fator=segundo_fator,
                rede=origem.rede[:45],
                dispositivo=_CONTROL.sub(" ", origem.dispositivo)[:200],
                created_at=agora,
                ultimo_uso_em=agora,
                expira_em=agora + IDLE,
            )
        )
        return self._tokens(connection, user_id, sessao_id, agora)

    def refresh(self, token: str, origem: Origem) -> TokenAnswer:
        """See ``Identidade.refresh``."""
        user_id = links.owner_of(token, PREFIX)
        if user_id is None:
            raise AcessoRecusado(_REFUSED)
        with self._database.person(user_id) as connection:
            row = _find(connection, user_id, token)
            agora = self._clock()
            if row is None or row.status != ATIVO or row.revogada_em or row.expira_em <= agora:
                raise AcessoRecusado(_REFUSED)
            if row.usada_em is None:
                return self._exchange(connection, row, token, origem, agora)
            if agora - row.usada_em <= GRACE:
                raise RenovacaoEmAndamento(
                    "Esta sessão acaba de ser renovada. Use os códigos que a outra chamada recebeu."
                )
            self._reused(connection, row)
        raise AcessoRecusado(_REFUSED)

    def identify(self, token: str) -> Credencial:
        """Who an access token names. Raises ``AcessoRecusado``."""
        return tokens.read(token, issuer=self._issuer, public_pem=self._ring.public_pem)

    def logout(self, token: str) -> None:
        """End the session of a refresh token, used or not; silent where there is none."""
        user_id = links.owner_of(token, PREFIX)
        if user_id is None:
            return
        with self._database.person(user_id) as connection:
            row = _find(connection, user_id, token)
            if row is not None and self._end(connection, user_id, "saiu", Sessao.id == row.id):
                trail.note(self._database, connection, user_id, "saida", tenant_id=row.tenant)

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
            if not self._end(connection, user_id, "encerrada", Sessao.id == sessao_id):
                raise NotFound(_NO_SESSION)
            trail.note(self._database, connection, user_id, "sessao_encerrada")

    def end_all(
        self, connection: Connection, user_id: UUID, menos: UUID | None, motivo: str
    ) -> int:
        """End every session but one, in a transaction of the person; answers how many.

        Without an exception, tokens that an outside provider issued until now end too.
        """
        condition = (Sessao.id != menos,) if menos is not None else ()
        ended = self._end(connection, user_id, motivo, *condition)
        if menos is None:
            connection.execute(
                update(User).where(User.id == user_id).values(acesso_desde=self._clock())
            )
        return ended

    def switch(
        self, user_id: UUID, sessao_id: UUID | None, tenant_id: UUID, origem: Origem
    ) -> TokenAnswer:
        """See ``Identidade.switch``."""
        with self._database.person(user_id) as connection:
            belongs = connection.execute(
                text("SELECT 1 FROM alquimista_platform.tenants_of(:person) WHERE id = :tenant"),
                {"person": user_id, "tenant": tenant_id},
            ).one_or_none()
            factor = connection.execute(
                select(Sessao.segundo_fator).where(
                    Sessao.user_id == user_id, Sessao.id == sessao_id
                )
            ).scalar_one_or_none()
            if belongs is None or factor is None:
                raise NotFound("Conta não encontrada.")
            self._end(connection, user_id, "trocou de conta", Sessao.id == sessao_id)
            trail.note(self._database, connection, user_id, "troca_de_conta", tenant_id=tenant_id)
            return self.start(
                connection, user_id, origem, segundo_fator=factor, tenant_id=tenant_id
            )

    @staticmethod
    def mark_factor(connection: Connection, credencial: Credencial) -> None:
        """Say that the session has shown a second factor, in a transaction of the person."""
        connection.execute(
            update(Sessao)
            .where(Sessao.user_id == credencial.user_id, Sessao.id == credencial.sessao_id)
            .values(segundo_fator=True)
        )

    def _exchange(
        self, connection: Connection, row: Row[Any], token: str, origem: Origem, agora: datetime
    ) -> TokenAnswer:
        connection.execute(
            update(Renovacao)
            .where(Renovacao.user_id == row.user_id, Renovacao.hash == links.digest(token))
            .values(usada_em=agora)
        )
        connection.execute(
            update(Sessao)
            .where(Sessao.user_id == row.user_id, Sessao.id == row.id)
            .values(
                ultimo_uso_em=agora,
                expira_em=min(agora + IDLE, row.created_at + LONGEST),
                rede=origem.rede[:45],
            )
        )
        return self._tokens(connection, row.user_id, row.id, agora)

    def _tokens(
        self, connection: Connection, user_id: UUID, sessao_id: UUID, agora: datetime
    ) -> TokenAnswer:
        token = links.new_token(user_id, PREFIX)
        connection.execute(
            insert(Renovacao).values(
                user_id=user_id, hash=links.digest(token), sessao_id=sessao_id, created_at=agora
            )
        )
        kid, private = self._ring.signing()
        answer = tokens.issue(
            user_id, sessao_id, issuer=self._issuer, kid=kid, private_pem=private, agora=agora
        )
        return replace(answer, refresh_token=token)

    def _reused(self, connection: Connection, row: Row[Any]) -> None:
        self._end(connection, row.user_id, "reuso", Sessao.id == row.id)
        trail.note(
            self._database,
            connection,
            row.user_id,
            "sessao_reuso",
            tenant_id=row.tenant,
            resultado="recusado",
            detalhes={"sessao_id": str(row.id)},
        )

    def _end(self, connection: Connection, user_id: UUID, motivo: str, *which: Any) -> int:
        return connection.execute(
            update(Sessao)
            .where(Sessao.user_id == user_id, Sessao.revogada_em.is_(None), *which)
            .values(revogada_em=self._clock(), motivo=motivo)
        ).rowcount


def _find(connection: Connection, user_id: UUID, token: str) -> Row[Any] | None:
    """The session of a refresh token; the token's row is locked, so one exchange wins."""
    found: Any = connection.execute(
        select(*_FOUND)
        .join(Sessao, Sessao.id == Renovacao.sessao_id)
        .join(User, User.id == Sessao.user_id)
        .where(Renovacao.user_id == user_id, Renovacao.hash == links.digest(token))
        .with_for_update(of=Renovacao)
    ).one_or_none()
    return cast("Row[Any] | None", found)
