"""The twins' letter box: what was sent to whom, in the order of arrival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.http.listing import Listing
from alquimista.sandbox.models import SandboxMensagem

MENSAGENS = table_of(SandboxMensagem)
_MAX_LINE = 255
_RECORD = text(
    """
    WITH locked AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))
    )
    INSERT INTO alquimista_platform.sandbox_mensagens (
        id, tenant_id, canal, remetente, destinatario, assunto, mensagem, cabecalhos, anexos,
        provider_id, disparo_id, lead_id, created_at, versao)
    SELECT :id, :tenant_id, :canal, :remetente, :destinatario, :assunto, :mensagem, :cabecalhos,
        :anexos, :provider_id, CAST(:disparo_id AS uuid), CAST(:lead_id AS uuid), :created_at, 1
    FROM locked
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("cabecalhos", type_=JSONB), bindparam("anexos", type_=JSONB))
LISTA = Listing(
    table=MENSAGENS,
    ordens={"ordem": MENSAGENS.c.ordem},
    padrao="ordem",
    filtros={
        "depois_de": lambda ordem: MENSAGENS.c.ordem > ordem,
        "lead_id": MENSAGENS.c.lead_id,
        "canal": MENSAGENS.c.canal,
    },
)
"""What the twins received."""
_MESSAGES = (
    select(MENSAGENS)
    .where(
        MENSAGENS.c.tenant_id == bindparam("tenant"),
        MENSAGENS.c.ordem > bindparam("depois_de"),
        or_(
            bindparam("lead", type_=MENSAGENS.c.lead_id.type).is_(None),
            MENSAGENS.c.lead_id == bindparam("lead"),
        ),
    )
    .order_by(MENSAGENS.c.ordem)
    .limit(bindparam("limite"))
)


@dataclass(frozen=True, slots=True)
class NovaMensagem:
    """A message that a twin received. ``provider_id`` makes it one however often it comes.

    ``enviada_em`` is the business time that the message carries; None means now.
    """

    canal: str
    remetente: str
    destinatario: str
    mensagem: str
    provider_id: str
    assunto: str = ""
    cabecalhos: Mapping[str, Any] = field(default_factory=dict)
    anexos: Sequence[Mapping[str, Any]] = ()
    disparo_id: UUID | None = None
    lead_id: UUID | None = None
    enviada_em: datetime | None = None


def record(uow: UnitOfWork, nova: NovaMensagem) -> bool:
    """Keep a message; False where it was there before (same provider id and recipient).

    The lock makes ``ordem`` grow in the order of commits: who reads on from the last number that
    they saw misses none. Call it from a short transaction of its own.
    """
    kept = uow.connection.execute(
        _RECORD,
        {
            "lock": f"{uow.tenant_id}/sandbox_mensagens",
            "id": uuid5(uow.tenant_id, f"{nova.canal}:{nova.provider_id}:{nova.destinatario}"),
            "tenant_id": uow.tenant_id,
            "canal": nova.canal,
            "remetente": nova.remetente[:_MAX_LINE],
            "destinatario": nova.destinatario[:_MAX_LINE],
            "assunto": nova.assunto[:_MAX_LINE],
            "mensagem": nova.mensagem,
            "cabecalhos": dict(nova.cabecalhos),
            "anexos": [dict(anexo) for anexo in nova.anexos],
            "provider_id": nova.provider_id[:_MAX_LINE],
            "disparo_id": nova.disparo_id,
            "lead_id": nova.lead_id,
            "created_at": nova.enviada_em or uow.agora,
        },
    )
    return kept.rowcount == 1


def arrived(uow: UnitOfWork, canal: str, provider_id: str) -> bool:
    """Whether a twin has a message of that id."""
    found = uow.connection.execute(
        select(SandboxMensagem.id)
        .where(
            SandboxMensagem.tenant_id == uow.tenant_id,
            SandboxMensagem.canal == canal,
            SandboxMensagem.provider_id == provider_id,
        )
        .limit(1)
    ).first()
    return found is not None


def messages(
    uow: UnitOfWork, depois_de: int | None, limite: int, lead_id: UUID | None
) -> Sequence[Row[Any]]:
    """Messages after an ``ordem`` (None: from the first), oldest first, of one lead or of all."""
    return uow.connection.execute(
        _MESSAGES,
        {
            "tenant": uow.tenant_id,
            "depois_de": depois_de if depois_de is not None else -1,
            "lead": lead_id,
            "limite": limite,
        },
    ).all()
