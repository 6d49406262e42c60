"""The door of tools that look people's companies up: the purpose is asked, whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, or_, select

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.prospeccao.finalidades.consulta import decisoes, find
from alquimista.prospeccao.finalidades.domain import ENRIQUECIMENTO, decidir
from alquimista.prospeccao.leads.models import Lead
from alquimista_sdk.errors import PermanentError

LEADS: Table = table_of(Lead)
Porta = Callable[[Mapping[str, Any]], None]
"""Takes a tool's payload; raises ``FinalidadeNegada``."""


class FinalidadeNegada(PermanentError):
    """The purpose may not use these data; the message says what decided it."""

    code = "finalidade_negada"


def porta_de_enriquecimento(database: Database, tenant_id: UUID) -> Porta:
    """The door of ``enrichment.company`` of an account."""

    def ask(payload: Mapping[str, Any]) -> None:
        with database.unit_of_work(tenant_id) as uow:
            conferir_enriquecimento(uow, payload)

    return ask


def conferir_enriquecimento(uow: UnitOfWork, payload: Mapping[str, Any]) -> None:
    """Hold a look-up to its purpose (LGPD, art. 8, § 5; art. 18, § 2).

    ``lead_id`` names whom it is for, where the rest of the payload is that lead's own. Otherwise
    it is for every lead that the payload may be about: same CNPJ, e-mail or company name.

    Raises:
        FinalidadeNegada: the account has the purpose off, or one of these leads took it back.
    """
    lead_ids = _about(uow, payload)
    if lead_ids:
        found = list(decisoes(uow, lead_ids, ENRIQUECIMENTO).values())
    else:
        found = [decidir(find(uow, ENRIQUECIMENTO), ())]
    refused = next((decisao for decisao in found if not decisao.permitido), None)
    if refused is not None:
        raise FinalidadeNegada(f"Consulta recusada: {refused.motivo}.")


def _about(uow: UnitOfWork, payload: Mapping[str, Any]) -> list[UUID]:
    columns = select(LEADS.c.id, LEADS.c.empresa, LEADS.c.cnpj, LEADS.c.email).where(
        LEADS.c.tenant_id == uow.tenant_id
    )
    named = payload.get("lead_id")
    if named is not None:
        row = uow.connection.execute(columns.where(LEADS.c.id == UUID(named))).one_or_none()
        if row is not None and _is_of(row, payload):
            return [row.id]
    cnpj, email = _cnpj(payload.get("cnpj")), _plain(payload.get("email"))
    same: list[ColumnElement[bool]] = []
    if empresa := _plain(payload.get("empresa")):
        same.append(func.lower(func.btrim(LEADS.c.empresa)) == empresa)
    if cnpj:
        same.append(LEADS.c.cnpj == cnpj)
    if email:
        same.append(LEADS.c.email_norm == email)
    rows = uow.connection.execute(columns.where(or_(*same))) if same else ()
    return [row.id for row in rows]


def _is_of(row: Any, payload: Mapping[str, Any]) -> bool:
    """Whether all that a payload tells is the lead's own."""
    asked = (
        (_plain(payload.get("empresa")), _plain(row.empresa)),
        (_plain(payload.get("email")), _plain(row.email)),
        (_cnpj(payload.get("cnpj")), _cnpj(row.cnpj)),
    )
    return all(not told or told == own for told, own in asked)


def _plain(value: str | None) -> str:
    return (value or "").strip().lower()


def _cnpj(value: str | None) -> str:
    return "".join(filter(str.isalnum, value or "")).upper()
