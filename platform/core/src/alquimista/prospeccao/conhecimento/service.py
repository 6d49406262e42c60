"""Use cases of the knowledge base."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import insert, select

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.conhecimento import domain
from alquimista.prospeccao.conhecimento.domain import Passagem
from alquimista.prospeccao.conhecimento.models import Conhecimento
from alquimista_sdk.models import Trecho


def add(uow: UnitOfWork, titulo: str, texto: str, palavras: str = "") -> UUID:
    """Keep a passage that the tenant stands by; answers its id."""
    passagem_id = uuid4()
    uow.connection.execute(
        insert(Conhecimento).values(
            id=passagem_id,
            tenant_id=uow.tenant_id,
            titulo=titulo,
            texto=texto,
            palavras=palavras,
            created_at=uow.agora,
        )
    )
    return passagem_id


def list_all(uow: UnitOfWork) -> tuple[Passagem, ...]:
    """Every passage of the tenant, by title."""
    rows = uow.connection.execute(
        select(Conhecimento.id, Conhecimento.titulo, Conhecimento.texto, Conhecimento.palavras)
        .where(Conhecimento.tenant_id == uow.tenant_id)
        .order_by(Conhecimento.titulo, Conhecimento.id)
    ).all()
    return tuple(Passagem(*row) for row in rows)


def search(uow: UnitOfWork, consulta: str, limite: int = 3) -> tuple[Trecho, ...]:
    """The passages nearest to a question, best first; empty where none fits."""
    return domain.search(list_all(uow), consulta, limite)
