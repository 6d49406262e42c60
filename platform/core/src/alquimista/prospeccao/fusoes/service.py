"""Use cases of merges: what is suggested, merging two leads, refusing, undoing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.http.listing import Listing, Page
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.fusoes import domain
from alquimista.prospeccao.fusoes.comparacao import perfil_de
from alquimista.prospeccao.fusoes.models import Fusao
from alquimista.prospeccao.fusoes.supressao import suprimidos
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.domain import FINAL, posicao
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import NotFound, PermanentError

MARCA = "fundido_em"
"""In the metadata of a lead that was merged: the id of the lead that stayed."""
_SUGERIDAS_POR_LEAD = 50
_TABLE = table_of(Fusao)
_FICA = LEADS.alias("fica")
_SAI = LEADS.alias("sai")
_LISTING = (
    select(_TABLE, _FICA.c.empresa.label("lead_empresa"), _SAI.c.empresa.label("outro_empresa"))
    .join(_FICA, (_FICA.c.tenant_id == _TABLE.c.tenant_id) & (_FICA.c.id == _TABLE.c.lead_id))
    .join(_SAI, (_SAI.c.tenant_id == _TABLE.c.tenant_id) & (_SAI.c.id == _TABLE.c.outro_id))
)
_POSSIVEL = (_FICA.c.status.not_in(sorted(FINAL))) & (_SAI.c.status.not_in(sorted(FINAL)))
LISTA = Listing(
    table=_TABLE,
    consulta=_LISTING,
    ordens={name: _TABLE.c[name] for name in ("created_at", "escore")},
    padrao="-created_at",
    filtros={name: _TABLE.c[name] for name in ("status", "motivo")},
)
_SEM_COMPARAR = frozenset({"tenant_id", "id", "versao", "updated_at", "status", "metadata"})
"""Columns of the merged lead that an undo does not ask about, or restores by a rule of its own."""


class FusaoImpossivel(PermanentError):
    """The merge is not in a status that allows this, or one of the leads must be left alone."""

    code = "fusao_impossivel"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Desfeita:
    """An undone merge, and by lead the fields that somebody changed since, which stay."""

    fusao: Row[Any]
    mantidos: Mapping[str, Sequence[str]]


def listing(uow: UnitOfWork, query: Mapping[str, Any]) -> Page:
    """A page of merges; suggestions whose leads can no longer be merged are left out."""
    return LISTA.page(uow, query, or_(_TABLE.c.status != "sugerida", _POSSIVEL))


def sugeridas(uow: UnitOfWork, lead_id: UUID) -> list[dict[str, Any]]:
    """The open suggestions of a lead, the likeliest first, each with the other lead."""
    rows = uow.connection.execute(
        _LISTING.where(
            _TABLE.c.tenant_id == uow.tenant_id,
            _TABLE.c.status == "sugerida",
            or_(_TABLE.c.lead_id == lead_id, _TABLE.c.outro_id == lead_id),
            _POSSIVEL,
        )
        .order_by(_TABLE.c.escore.desc(), _TABLE.c.motivo.desc(), _TABLE.c.id)
        .limit(_SUGERIDAS_POR_LEAD)
    ).all()
    return [
        {
            "id": row.id,
            "lead_id": row.outro_id if row.lead_id == lead_id else row.lead_id,
            "empresa": row.outro_empresa if row.lead_id == lead_id else row.lead_empresa,
            "motivo": row.motivo,
            "escore": row.escore,
        }
        for row in rows
    ]


def find(uow: UnitOfWork, fusao_id: UUID) -> Row[Any]:
    """One merge with the names of its leads. Raises ``NotFound``."""
    row = uow.connection.execute(
        _LISTING.where(_TABLE.c.tenant_id == uow.tenant_id, _TABLE.c.id == fusao_id)
    ).one_or_none()
    if row is None:
        raise NotFound("Fusão não encontrada.")
    return row


def merge(
    ports: Ports,
    uow: UnitOfWork,
    fusao_id: UUID,
    *,
    manter: UUID | None,
    ator: Ator,
    decidido_por: UUID | None,
    trace_id: UUID,
) -> Row[Any]:
    """Merge the two leads of a suggestion; ``manter`` may name the other one as who stays.

    The one that stays takes what it lacks; the other is blocked, and what was planned for it is
    cancelled. Its conversation stays its own and is shown with the one that stays. Dedupe keys
    stay as they are: rows of either spreadsheet are still known when they come again.

    Raises:
        NotFound: there is no such suggestion, or ``manter`` is none of its leads.
        FusaoImpossivel: it was decided before, or one of the leads must be left alone.
    """
    fusao = _lock(uow, fusao_id, "sugerida")
    if manter not in (None, fusao.lead_id, fusao.outro_id):
        raise NotFound("O lead a manter não é nenhum dos dois desta fusão.")
    fica_id = manter or fusao.lead_id
    sai_id = fusao.outro_id if fica_id == fusao.lead_id else fusao.lead_id
    fica, sai = _both(uow, fica_id, sai_id)
    _exigir_livres(ports, uow, fica, sai)
    taken = domain.campos_tomados(fica._asdict(), sai._asdict())
    if taken:
        leads.apply(uow, fica_id, taken)
    leads.apply(
        uow,
        sai_id,
        {"status": "bloqueado", "metadata": {**sai.metadata, MARCA: str(fica_id)}},
    )
    cancelled = disparos.cancel_pending(ports, uow, sai_id, "fusao", tipos=("prospeccao",))
    _decide(
        uow,
        fusao_id,
        decidido_por,
        status="feita",
        lead_id=fica_id,
        outro_id=sai_id,
        procedencia=_procedencia(fica, sai, taken),
    )
    _audit(uow, "fusao", fica_id, sai_id, ator, trace_id, {"disparos_cancelados": cancelled})
    return find(uow, fusao_id)


def refuse(
    uow: UnitOfWork, fusao_id: UUID, *, ator: Ator, decidido_por: UUID | None, trace_id: UUID
) -> Row[Any]:
    """The two are not one: the pair is not suggested again.

    Raises:
        NotFound: there is no such suggestion.
        FusaoImpossivel: it was decided before.
    """
    fusao = _lock(uow, fusao_id, "sugerida")
    _decide(uow, fusao_id, decidido_por, status="recusada")
    _audit(uow, "fusao_recusada", fusao.lead_id, fusao.outro_id, ator, trace_id, {})
    return find(uow, fusao_id)


def undo(
    ports: Ports,
    uow: UnitOfWork,
    fusao_id: UUID,
    *,
    ator: Ator,
    decidido_por: UUID | None,
    trace_id: UUID,
) -> Desfeita:
    """Make two leads of one again. What somebody changed since stays and is named.

    Messages that the merge cancelled stay cancelled.

    Raises:
        NotFound: there is no such merge.
        FusaoImpossivel: it is not made, a newer one stands upon it, or somebody opted out since.
    """
    fusao = _lock(uow, fusao_id, "feita")
    fica, sai = _both(uow, fusao.lead_id, fusao.outro_id)
    if fusao.procedencia is None:
        raise FusaoImpossivel("Os dados de um dos leads foram apagados: não há o que desfazer.")
    if MARCA in fica.metadata:
        raise FusaoImpossivel("O lead que ficou foi fundido em outro: desfaça antes essa fusão.")
    _exigir_contataveis(ports, uow, fica, sai)
    mantidos = {
        "lead": _restore_lead(uow, fica, fusao.procedencia),
        "outro": _restore_outro(uow, sai, fusao.procedencia),
    }
    _decide(uow, fusao_id, decidido_por, status="desfeita", procedencia=None)
    _audit(uow, "fusao_desfeita", fica.id, sai.id, ator, trace_id, {"mantidos": mantidos})
    return Desfeita(find(uow, fusao_id), mantidos)


def _restore_lead(uow: UnitOfWork, row: Row[Any], procedencia: Mapping[str, Any]) -> list[str]:
    values, kept = domain.restaurar(
        row._asdict(), procedencia["antes"]["lead"], procedencia["depois"]
    )
    if values:
        leads.apply(uow, row.id, values)
    return kept


def _restore_outro(uow: UnitOfWork, row: Row[Any], procedencia: Mapping[str, Any]) -> list[str]:
    before = procedencia["antes"]["outro"]
    current = _plain(row)
    kept = [name for name in current if name not in _SEM_COMPARAR and name in before]
    kept = [name for name in kept if current[name] != before[name]]
    metadata = {name: value for name, value in row.metadata.items() if name != MARCA}
    values: dict[str, Any] = {"metadata": metadata}
    if metadata != before["metadata"]:
        kept.append("metadata")
    if row.status == "bloqueado":
        values["status"] = before["status"]
    else:
        kept.append("status")
    leads.apply(uow, row.id, values)
    return sorted(kept)


def _procedencia(fica: Row[Any], sai: Row[Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    source = {
        "lead_id": str(sai.id),
        "importacao_id": str(sai.importacao_id) if sai.importacao_id else None,
        "planilha": sai.planilha,
        "linha": sai.linha,
    }
    before = fica._mapping
    return {
        "campos": dict.fromkeys(taken, source),
        "antes": {"lead": {name: before[name] for name in taken}, "outro": _plain(sai)},
        "depois": dict(taken),
    }


def _plain(row: Row[Any]) -> dict[str, Any]:
    """A whole row as JSON keeps it."""
    return {
        name: value.isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, UUID)
        else value
        for name, value in row._mapping.items()
    }


def _lock(uow: UnitOfWork, fusao_id: UUID, status: str) -> Row[Any]:
    row = uow.connection.execute(
        select(_TABLE)
        .where(_TABLE.c.tenant_id == uow.tenant_id, _TABLE.c.id == fusao_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("Fusão não encontrada.")
    if row.status != status:
        raise FusaoImpossivel(f"Esta fusão está {row.status}; para isto, precisa estar {status}.")
    return row


def _both(uow: UnitOfWork, fica_id: UUID, sai_id: UUID) -> tuple[Row[Any], Row[Any]]:
    """Both rows, locked in the order of their ids so that two merges never wait for each other."""
    rows = {lead_id: leads.find(uow, lead_id, lock=True) for lead_id in sorted((fica_id, sai_id))}
    return rows[fica_id], rows[sai_id]


def _exigir_livres(ports: Ports, uow: UnitOfWork, fica: Row[Any], sai: Row[Any]) -> None:
    if fica.status in FINAL or sai.status in FINAL:
        raise FusaoImpossivel("Um dos leads está descadastrado, bloqueado ou já foi fundido.")
    _exigir_contataveis(ports, uow, fica, sai)
    if posicao(sai.status) > posicao(fica.status):
        raise FusaoImpossivel(
            "O lead que sairia está mais adiante no funil. Envie em “manter” o id dele."
        )


def _exigir_contataveis(ports: Ports, uow: UnitOfWork, *rows: Row[Any]) -> None:
    if suprimidos(ports, uow, [perfil_de(row) for row in rows]):
        raise FusaoImpossivel("Um dos leads pediu para não ser contatado.")


def _decide(uow: UnitOfWork, fusao_id: UUID, decidido_por: UUID | None, **values: Any) -> None:
    uow.connection.execute(
        update(Fusao)
        .where(Fusao.tenant_id == uow.tenant_id, Fusao.id == fusao_id)
        .values(
            **values,
            decidido_por=decidido_por,
            decidido_em=uow.agora,
            versao=Fusao.versao + 1,
        )
    )


def _audit(
    uow: UnitOfWork,
    action: str,
    fica_id: UUID,
    sai_id: UUID,
    ator: Ator,
    trace_id: UUID,
    detalhes: Mapping[str, Any],
) -> None:
    """One entry for each of the two, so that each one's timeline tells it."""
    for alvo_id, outro_id in ((fica_id, sai_id), (sai_id, fica_id)):
        record(
            uow,
            ator,
            action,
            alvo_tipo="lead",
            alvo_id=alvo_id,
            detalhes={**detalhes, "outro_lead_id": str(outro_id)},
            trace_id=trace_id,
        )
