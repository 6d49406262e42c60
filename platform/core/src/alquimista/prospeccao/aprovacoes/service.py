"""Human approvals: asked for, decided, and bound to the content that was seen."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Table, exists, insert, select, update

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.aprovacoes.models import Aprovacao
from alquimista_sdk.errors import PermanentError


def request(uow: UnitOfWork, tipo: str, ref_id: UUID, conteudo_hash: str, resumo: str) -> None:
    """Ask for an approval of that content; an open request for other content is replaced."""
    pending = uow.connection.execute(
        select(Aprovacao.id, Aprovacao.conteudo_hash).where(
            Aprovacao.tenant_id == uow.tenant_id,
            Aprovacao.ref_id == ref_id,
            Aprovacao.status == "pendente",
        )
    ).all()
    if any(row.conteudo_hash == conteudo_hash for row in pending):
        return
    for row in pending:
        _decide(uow, row.id, "substituida", None)
    uow.connection.execute(
        insert(Aprovacao).values(
            id=uuid4(),
            tenant_id=uow.tenant_id,
            tipo=tipo,
            ref_id=ref_id,
            conteudo_hash=conteudo_hash,
            status="pendente",
            resumo=resumo,
            created_at=uow.agora,
        )
    )


def approve(uow: UnitOfWork, ref_id: UUID, conteudo_hash: str, decidido_por: UUID | None) -> None:
    """A person approves exactly that content.

    Raises:
        PermanentError: no approval of that content is open.
    """
    row = uow.connection.execute(
        select(Aprovacao.id)
        .where(
            Aprovacao.tenant_id == uow.tenant_id,
            Aprovacao.ref_id == ref_id,
            Aprovacao.conteudo_hash == conteudo_hash,
            Aprovacao.status == "pendente",
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise PermanentError("não há aprovação pendente para este conteúdo", code="sem_pendencia")
    _decide(uow, row.id, "aprovada", decidido_por)


def holding(content: Table) -> ColumnElement[bool]:
    """Whether a person approved exactly the content of a row that has a ``conteudo_hash``."""
    return exists().where(
        Aprovacao.tenant_id == content.c.tenant_id,
        Aprovacao.ref_id == content.c.id,
        Aprovacao.conteudo_hash == content.c.conteudo_hash,
        Aprovacao.status == "aprovada",
    )


def _decide(uow: UnitOfWork, aprovacao_id: UUID, status: str, decidido_por: UUID | None) -> None:
    uow.connection.execute(
        update(Aprovacao)
        .where(Aprovacao.tenant_id == uow.tenant_id, Aprovacao.id == aprovacao_id)
        .values(
            status=status,
            decidido_por=decidido_por,
            decidido_em=uow.agora,
            versao=Aprovacao.versao + 1,
        )
    )
