"""Use cases of purposes and of leads' own legal bases: change, record, withdraw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.finalidades.consulta import FINALIDADES, da_conta, decisoes, find, padrao
from alquimista.prospeccao.finalidades.domain import (
    FINALIDADE_DO_TIPO,
    PADROES,
    Finalidade,
    conferir,
    conferir_registro,
    lia_de,
)
from alquimista.prospeccao.finalidades.models import BaseLegal
from alquimista.prospeccao.fusoes.cadeia import grupo
from alquimista.prospeccao.leads import service as leads
from alquimista.runtime.ports import Ports

BASES = table_of(BaseLegal)
EDITAVEIS = ("base_legal", "descricao", "dados", "ativa", "lia")
_DITO = ("texto", "evidencia", "retirado_motivo")
"""Columns that may hold a person's words."""


@dataclass(frozen=True, slots=True)
class NovaBase:
    """A basis to record for a lead: ``texto`` was accepted, ``evidencia`` says where it is."""

    finalidade: str
    base_legal: str
    meio: str
    obtido_em: datetime
    texto: str | None = None
    evidencia: str | None = None


def change(
    uow: UnitOfWork,
    finalidade: str,
    part: Mapping[str, Any],
    ator: Ator,
    confere: Callable[[int], None],
) -> Finalidade:
    """Change what an account does for a purpose; ``confere`` may refuse the version it has.

    Raises:
        NotFound: there is no such purpose.
        BaseInvalida: the basis and its note do not go together.
    """
    before = _locked(uow, finalidade)
    confere(before.versao)
    values = {name: value for name, value in part.items() if name in EDITAVEIS}
    if "lia" in values:
        values["lia"] = lia_de(values["lia"])
    if "dados" in values:
        values["dados"] = tuple(values["dados"])
    return _keep(uow, before, conferir(replace(before, **values)), "finalidade.alterada", ator)


def reset(
    uow: UnitOfWork, finalidade: str, ator: Ator, confere: Callable[[int], None]
) -> Finalidade:
    """Take the default again. Raises as ``change``."""
    before = _locked(uow, finalidade)
    confere(before.versao)
    return _keep(uow, before, padrao(finalidade), "finalidade.restaurada", ator)


def of_lead(uow: UnitOfWork, lead_id: UUID) -> list[dict[str, Any]]:
    """Each purpose with the decision for a lead and the lead's own records, newest first.

    Raises:
        NotFound: there is no such lead.
    """
    leads.find(uow, lead_id)
    history: dict[str, list[Row[Any]]] = {}
    for row in _records(uow, lead_id):
        history.setdefault(row.finalidade, []).append(row)
    return [
        {
            **asdict(decisoes(uow, [lead_id], name)[lead_id]),
            "titulo": PADROES[name].titulo,
            "registros": [row._mapping for row in reversed(history.get(name, []))],
        }
        for name in PADROES
    ]


def record_basis(
    ports: Ports, uow: UnitOfWork, lead_id: UUID, nova: NovaBase, ator: Ator, trace_id: UUID
) -> None:
    """Record a lead's own basis for a purpose; it holds for all leads merged with it.

    Raises:
        NotFound: there is no such lead or purpose.
        BaseInvalida: the evidence is not complete.
    """
    padrao(nova.finalidade)
    together = _together(uow, lead_id)
    conferir_registro(nova.base_legal, nova.texto, nova.obtido_em, uow.agora)
    for each in together:
        _append(uow, each, nova)
    _note(ports, uow, lead_id, "base_legal.registrada", nova, ator, trace_id)


def withdraw(
    ports: Ports,
    uow: UnitOfWork,
    lead_id: UUID,
    finalidade: str,
    meio: str,
    motivo: str | None,
    ator: Ator,
    trace_id: UUID,
) -> bool:
    """A person takes back a consent, or objects: the purpose stops for them, and no other does.

    What is planned for the purpose is cancelled. False where it was withdrawn before.

    Raises:
        NotFound: there is no such lead or purpose.
    """
    conta = find(uow, finalidade)
    together = _together(uow, lead_id)
    open_leads = [each for each in together if not _withdrawn(uow, each, finalidade)]
    if not open_leads:
        return False
    tipos = [tipo for tipo, name in FINALIDADE_DO_TIPO.items() if name == finalidade]
    cancelled = 0
    for each in open_leads:
        row = _newest(uow, each, finalidade)
        ending = {"retirado_em": uow.agora, "retirado_meio": meio, "retirado_motivo": motivo}
        if row is None:
            objected = NovaBase(finalidade, conta.base_legal, meio, uow.agora)
            _append(uow, each, objected, **ending)
        else:
            set_columns(uow, BASES, row.id, ending)
        if tipos:
            cancelled += disparos.cancel_pending(ports, uow, each, "base_legal", tipos=tipos)
    record(
        uow,
        ator,
        "base_legal.retirada",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"finalidade": finalidade, "meio": meio, "disparos_cancelados": cancelled},
        trace_id=trace_id,
        depois={"motivo": motivo},
        chaves=ports.chaves,
    )
    return True


def erase(uow: UnitOfWork, lead_id: UUID) -> int:
    """Clear what the person said; that a basis was recorded or withdrawn stays as proof."""
    return uow.connection.execute(
        update(BASES)
        .where(BASES.c.tenant_id == uow.tenant_id, BASES.c.lead_id == lead_id)
        .values(**dict.fromkeys(_DITO), versao=BASES.c.versao + 1)
    ).rowcount


def export(uow: UnitOfWork, lead_id: UUID) -> list[dict[str, Any]]:
    """The lead's own records, oldest first."""
    hidden = {"tenant_id", "id", "lead_id", "versao"}
    return [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row._mapping.items()
            if name not in hidden
        }
        for row in _records(uow, lead_id)
    ]


def _locked(uow: UnitOfWork, finalidade: str) -> Finalidade:
    """The purpose's row, locked; the default as version 0 where nobody has changed it."""
    default = padrao(finalidade)
    uow.connection.execute(
        upsert(FINALIDADES)
        .values(
            id=uuid4(),
            tenant_id=uow.tenant_id,
            finalidade=finalidade,
            versao=0,
            updated_at=uow.agora,
            **_columns(default),
        )
        .on_conflict_do_nothing(constraint="uq_finalidades_finalidade")
    )
    row = uow.connection.execute(
        select(FINALIDADES)
        .where(FINALIDADES.c.tenant_id == uow.tenant_id, FINALIDADES.c.finalidade == finalidade)
        .with_for_update()
    ).one()
    return da_conta(row)


def _keep(
    uow: UnitOfWork, before: Finalidade, after: Finalidade, action: str, ator: Ator
) -> Finalidade:
    uow.connection.execute(
        update(FINALIDADES)
        .where(
            FINALIDADES.c.tenant_id == uow.tenant_id,
            FINALIDADES.c.finalidade == before.finalidade,
        )
        .values(**_columns(after), updated_at=uow.agora, versao=FINALIDADES.c.versao + 1)
    )
    record(
        uow,
        ator,
        action,
        alvo_tipo="finalidade",
        detalhes={"finalidade": before.finalidade},
        antes=_columns(before),
        depois=_columns(after),
    )
    return replace(after, versao=before.versao + 1, updated_at=uow.agora)


def _columns(finalidade: Finalidade) -> dict[str, Any]:
    return {
        "base_legal": finalidade.base_legal,
        "descricao": finalidade.descricao,
        "dados": list(finalidade.dados),
        "ativa": finalidade.ativa,
        "lia": asdict(finalidade.lia) if finalidade.lia is not None else None,
    }


def _together(uow: UnitOfWork, lead_id: UUID) -> Sequence[UUID]:
    """The lead and all that are one with it, locked in the order of their ids."""
    leads.find(uow, lead_id)
    together = sorted(grupo(uow, lead_id))
    for each in together:
        leads.find(uow, each, lock=True)
    return together


def _records(uow: UnitOfWork, lead_id: UUID) -> Sequence[Row[Any]]:
    return uow.connection.execute(
        select(BASES)
        .where(BASES.c.tenant_id == uow.tenant_id, BASES.c.lead_id == lead_id)
        .order_by(BASES.c.finalidade, BASES.c.numero)
    ).all()


def _newest(uow: UnitOfWork, lead_id: UUID, finalidade: str) -> Row[Any] | None:
    return uow.connection.execute(
        select(BASES)
        .where(
            BASES.c.tenant_id == uow.tenant_id,
            BASES.c.lead_id == lead_id,
            BASES.c.finalidade == finalidade,
        )
        .order_by(BASES.c.numero.desc())
        .limit(1)
    ).one_or_none()


def _withdrawn(uow: UnitOfWork, lead_id: UUID, finalidade: str) -> bool:
    row = _newest(uow, lead_id, finalidade)
    return row is not None and row.retirado_em is not None


def _append(uow: UnitOfWork, lead_id: UUID, nova: NovaBase, **ending: Any) -> None:
    numero = (
        select(func.coalesce(func.max(BASES.c.numero), 0) + 1)
        .where(
            BASES.c.tenant_id == uow.tenant_id,
            BASES.c.lead_id == lead_id,
            BASES.c.finalidade == nova.finalidade,
        )
        .scalar_subquery()
    )
    uow.connection.execute(
        insert(BASES).values(
            id=uuid4(),
            tenant_id=uow.tenant_id,
            lead_id=lead_id,
            numero=numero,
            created_at=uow.agora,
            **asdict(nova),
            **ending,
        )
    )


def _note(
    ports: Ports,
    uow: UnitOfWork,
    lead_id: UUID,
    action: str,
    nova: NovaBase,
    ator: Ator,
    trace_id: UUID,
) -> None:
    record(
        uow,
        ator,
        action,
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={
            "finalidade": nova.finalidade,
            "base_legal": nova.base_legal,
            "meio": nova.meio,
            "obtido_em": nova.obtido_em.isoformat(),
        },
        trace_id=trace_id,
        depois={"texto": nova.texto, "evidencia": nova.evidencia},
        chaves=ports.chaves,
    )
