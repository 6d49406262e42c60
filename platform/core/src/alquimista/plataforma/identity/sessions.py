"""Sessions: access tokens that name one, and refresh tokens that are exchanged once.

Every exchange gives a new refresh token. One that comes back later than ``GRACE`` after it was
exchanged was stolen, or its thief was faster: the whole session ends and the audit says so. Within
``GRACE`` it is two calls of one browser: the first wins, the other is told to use the first's
answer and gets no tokens, so a thief gains nothing by hurrying.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select, update

from alquimista.db.base import table_of
from alquimista.db.session import Database
from alquimista.plataforma.identity import links, tokens, trail
from alquimista.plataforma.identity.errors import AcessoRecusado, RenovacaoEmAndamento
from alquimista.plataforma.identity.keys import KeyRing
from alquimista.plataforma.identity.models import Renovacao, Sessao
from alquimista.plataforma.identity.port import Credencial, Origem, TokenAnswer
from alquimista.plataforma.identity.session_rows import SessionRows
from alquimista.plataforma.tenants.models import User

PREFIX = "alr_"
GRACE = timedelta(seconds=10)
ATIVO = "ativo"
_RENEWAL = insert(table_of(Renovacao))
_REFUSED = "Sua sessão terminou. Entre de novo."
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


class Sessions(SessionRows):
    """Starts and exchanges the tokens of the built-in home's sessions."""

    def __init__(
        self, database: Database, ring: KeyRing, issuer: str, clock: Callable[[], datetime]
    ) -> None:
        super().__init__(database, clock)
        self._ring = ring
        self._issuer = issuer

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
        sessao_id = uuid4()
        self.begin(
            connection,
            user_id,
            sessao_id,
            origem,
            segundo_fator=segundo_fator,
            tenant_id=tenant_id,
        )
        return self._tokens(connection, user_id, sessao_id)

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
                return self._exchange(connection, row, token, origem)
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
            if row is not None and self.stop(connection, user_id, "saiu", Sessao.id == row.id):
                trail.note(self._database, connection, user_id, "saida", tenant_id=row.tenant)

    def switch(self, credencial: Credencial, tenant_id: UUID, origem: Origem) -> TokenAnswer:
        """A new session that acts in another tenant of the person; the one that asks ends."""
        user_id = credencial.user_id
        with self._database.person(user_id) as connection:
            factor = self.factor_shown(connection, credencial, tenant_id)
            self.stop(connection, user_id, "trocou de conta", Sessao.id == credencial.sessao_id)
            trail.note(self._database, connection, user_id, "troca_de_conta", tenant_id=tenant_id)
            return self.start(
                connection, user_id, origem, segundo_fator=factor, tenant_id=tenant_id
            )

    def _exchange(
        self, connection: Connection, row: Row[Any], token: str, origem: Origem
    ) -> TokenAnswer:
        connection.execute(
            update(Renovacao)
            .where(Renovacao.user_id == row.user_id, Renovacao.hash == links.digest(token))
            .values(usada_em=self._clock())
        )
        self.touch(connection, row.user_id, row.id, origem)
        return self._tokens(connection, row.user_id, row.id)

    def _tokens(self, connection: Connection, user_id: UUID, sessao_id: UUID) -> TokenAnswer:
        token, agora = links.new_token(user_id, PREFIX), self._clock()
        connection.execute(
            _RENEWAL,
            {
                "user_id": user_id,
                "hash": links.digest(token),
                "sessao_id": sessao_id,
                "created_at": agora,
            },
        )
        kid, private = self._ring.signing()
        answer = tokens.issue(
            user_id, sessao_id, issuer=self._issuer, kid=kid, private_pem=private, agora=agora
        )
        return replace(answer, refresh_token=token)

    def _reused(self, connection: Connection, row: Row[Any]) -> None:
        self.stop(connection, row.user_id, "reuso", Sessao.id == row.id)
        trail.note(
            self._database,
            connection,
            row.user_id,
            "sessao_reuso",
            tenant_id=row.tenant,
            resultado="recusado",
            detalhes={"sessao_id": str(row.id)},
        )


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
