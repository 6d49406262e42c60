"""Use cases of campaigns: create, approve, edit, pause, resume; templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.aprovacoes import service as aprovacoes
from alquimista.prospeccao.campanhas.domain import (
    conteudo_hash,
    mensagens_from_json,
    mensagens_to_json,
    pode_passar,
    ritmo_from_json,
    ritmo_to_json,
)
from alquimista.prospeccao.campanhas.models import Campanha, Template
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.models import Disparo
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.errors import NotFound, PermanentError, VersionConflict
from alquimista_sdk.events import EventContext, FractalDetail, LogEntry, Subject
from alquimista_sdk.models import Campanha as CampanhaData
from alquimista_sdk.models import NovaCampanha
from alquimista_sdk.models import Template as TemplateData

SOURCE = "alquimista.campanhas"
EDITADA = "campanha_editada"
_CAMPANHAS = table_of(Campanha)
_FIND = select(_CAMPANHAS, aprovacoes.holding(_CAMPANHAS).label("aprovada")).where(
    _CAMPANHAS.c.tenant_id == bindparam("tenant"), _CAMPANHAS.c.id == bindparam("campanha")
)
_LOCK = _FIND.with_for_update(of=_CAMPANHAS)


class EstadoInvalido(PermanentError):
    """The campaign is not in a status that allows this."""

    code = "estado_invalido"
    http_status = 409


def find_row(uow: UnitOfWork, campanha_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One row of the tenant. Raises ``NotFound``."""
    row = uow.connection.execute(
        _LOCK if lock else _FIND, {"tenant": uow.tenant_id, "campanha": campanha_id}
    ).one_or_none()
    if row is None:
        raise NotFound("campanha não encontrada")
    return row


def find(uow: UnitOfWork, campanha_id: UUID) -> CampanhaData:
    """One campaign. Raises ``NotFound``."""
    return _data(find_row(uow, campanha_id))


def select_by(
    uow: UnitOfWork, *, lote_id: UUID | None = None, status: str | None = None
) -> tuple[CampanhaData, ...]:
    """Campaigns of a lot, or in a status; oldest first."""
    query = select(_CAMPANHAS, aprovacoes.holding(_CAMPANHAS).label("aprovada")).where(
        _CAMPANHAS.c.tenant_id == uow.tenant_id
    )
    if lote_id is not None:
        query = query.where(Campanha.lote_id == lote_id)
    if status is not None:
        query = query.where(Campanha.status == status)
    rows = uow.connection.execute(query.order_by(Campanha.created_at, Campanha.id)).all()
    return tuple(_data(row) for row in rows)


def templates(uow: UnitOfWork, canal: str) -> tuple[TemplateData, ...]:
    """The tenant's templates of a channel."""
    rows = uow.connection.execute(
        select(Template.__table__)
        .where(Template.tenant_id == uow.tenant_id, Template.canal == canal)
        .order_by(Template.etapa, Template.variante, Template.id)
    ).all()
    return tuple(
        TemplateData(
            row.id,
            row.nome,
            row.canal,
            row.etapa,
            row.variante,
            row.texto,
            row.assunto,
            row.aprovado,
        )
        for row in rows
    )


def create(uow: UnitOfWork, nova: NovaCampanha, trace_id: UUID) -> None:
    """A campaign in ``rascunho``; a second call with the same id changes nothing."""
    mensagens = mensagens_to_json(nova.mensagens)
    ritmo = ritmo_to_json(nova.ritmo)
    uow.connection.execute(
        insert(Campanha)
        .values(
            id=nova.id,
            tenant_id=uow.tenant_id,
            nome=nova.nome,
            segmento=nova.segmento,
            canal=nova.canal,
            mensagens=mensagens,
            ritmo=ritmo,
            previas=list(nova.previas),
            status="rascunho",
            metricas={},
            lote_id=nova.lote_id,
            conteudo_hash=conteudo_hash(nova.canal, mensagens, ritmo),
            trace_id=trace_id,
            created_at=uow.agora,
            updated_at=uow.agora,
        )
        .on_conflict_do_nothing()
    )


def set_status(
    uow: UnitOfWork, campanha_id: UUID, status: str, *, versao: int | None = None
) -> None:
    """Move a campaign to another status.

    Raises:
        EstadoInvalido: it may not go there from where it is.
        VersionConflict: somebody changed it since it was read.
    """
    row = find_row(uow, campanha_id, lock=True)
    if versao is not None and row.versao != versao:
        raise VersionConflict("campaign changed meanwhile")
    if not pode_passar(row.status, status):
        raise EstadoInvalido(f"uma campanha {row.status} não pode passar a {status}")
    if row.status != status:
        _set(uow, campanha_id, status=status)


def approve(
    ports: Ports,
    uow: UnitOfWork,
    campanha_id: UUID,
    esperado: str | None,
    user_id: UUID | None,
    ator: Ator,
    trace_id: UUID,
) -> CampanhaData:
    """A person approves the content as it is; ``esperado`` is the hash of what was seen.

    Raises:
        EstadoInvalido: the content is another by now, or nothing waits for approval.
    """
    row = find_row(uow, campanha_id, lock=True)
    if esperado is not None and esperado != row.conteudo_hash:
        raise EstadoInvalido("a campanha mudou desde que você a viu; confira e aprove de novo")
    if row.status != "rascunho":
        raise EstadoInvalido(f"a campanha está {row.status}: só um rascunho pode ser aprovado")
    aprovacoes.approve(uow, campanha_id, row.conteudo_hash, user_id)
    _set(uow, campanha_id, status="aprovada")
    record(
        uow,
        ator,
        "campanha.aprovada",
        alvo_tipo="campanha",
        alvo_id=campanha_id,
        detalhes={"conteudo_hash": row.conteudo_hash},
        trace_id=trace_id,
    )
    _publish(ports, uow, campanha_id, "approved", "campanha aprovada por uma pessoa", row.trace_id)
    return find(uow, campanha_id)


def edit(
    ports: Ports,
    uow: UnitOfWork,
    campanha_id: UUID,
    changes: Mapping[str, Any],
    ator: Ator,
    trace_id: UUID,
) -> CampanhaData:
    """Change name, messages or rhythm; other content asks for approval again.

    Messages already planned with the old content are taken back.
    """
    row = find_row(uow, campanha_id, lock=True)
    if row.status == "concluida":
        raise EstadoInvalido("uma campanha concluída não pode ser editada")
    mensagens = changes.get("mensagens", row.mensagens)
    ritmo = {**row.ritmo, **changes.get("ritmo", {})}
    novo = conteudo_hash(row.canal, mensagens, ritmo)
    values: dict[str, Any] = {"nome": changes.get("nome", row.nome)}
    if novo != row.conteudo_hash:
        values |= {
            "mensagens": mensagens,
            "ritmo": ritmo,
            "conteudo_hash": novo,
            "status": "rascunho",
        }
        disparos.cancel_campaign(ports, uow, campanha_id, EDITADA)
        aprovacoes.request(uow, "campanha", campanha_id, novo, f"Campanha {values['nome']} editada")
    _set(uow, campanha_id, **values)
    record(
        uow,
        ator,
        "campanha.editada",
        alvo_tipo="campanha",
        alvo_id=campanha_id,
        detalhes={"antes": row.conteudo_hash, "depois": novo},
        trace_id=trace_id,
    )
    return find(uow, campanha_id)


def pause(ports: Ports, uow: UnitOfWork, campanha_id: UUID, ator: Ator, trace_id: UUID) -> None:
    """Stop a campaign: its planned messages wait until it is resumed."""
    row = find_row(uow, campanha_id, lock=True)
    if row.status not in ("aprovada", "ativa"):
        raise EstadoInvalido(f"a campanha está {row.status}: não há o que pausar")
    _set(uow, campanha_id, status="pausada", metricas={**row.metricas, "antes": row.status})
    disparos.hold_campaign(ports, uow, campanha_id)
    record(
        uow,
        ator,
        "campanha.pausada",
        alvo_tipo="campanha",
        alvo_id=campanha_id,
        trace_id=trace_id,
    )
    _publish(ports, uow, campanha_id, "paused", "campanha pausada por uma pessoa", row.trace_id)


def resume(ports: Ports, uow: UnitOfWork, campanha_id: UUID, ator: Ator, trace_id: UUID) -> None:
    """Go on with a paused campaign; what is overdue goes out from now on, within the gate."""
    row = find_row(uow, campanha_id, lock=True)
    if row.status != "pausada":
        raise EstadoInvalido(f"a campanha está {row.status}: não há o que retomar")
    antes = row.metricas.get("antes", "ativa")
    metricas = {key: value for key, value in row.metricas.items() if key != "antes"}
    _set(uow, campanha_id, status=antes, metricas=metricas)
    disparos.release_campaign(ports, uow, campanha_id)
    record(
        uow,
        ator,
        "campanha.retomada",
        alvo_tipo="campanha",
        alvo_id=campanha_id,
        trace_id=trace_id,
    )
    _publish(ports, uow, campanha_id, "resumed", "campanha retomada por uma pessoa", row.trace_id)


def metrics(uow: UnitOfWork, campanha_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """What became of the messages of campaigns, counted from the messages themselves."""
    rows = uow.connection.execute(
        select(Disparo.campanha_id, Disparo.status, func.count())
        .where(Disparo.tenant_id == uow.tenant_id, Disparo.campanha_id.in_(list(campanha_ids)))
        .group_by(Disparo.campanha_id, Disparo.status)
    ).all()
    found: dict[UUID, dict[str, int]] = {}
    for campanha_id, status, count in rows:
        if campanha_id is not None:
            found.setdefault(campanha_id, {})[status] = count
    return found


def _publish(
    ports: Ports, uow: UnitOfWork, campanha_id: UUID, kind: str, decision: str, trace_id: UUID
) -> None:
    detail = FractalDetail(
        subject=Subject("campanha", campanha_id),
        context=EventContext(metadata={"campanha_id": str(campanha_id)}),
        logs=(LogEntry(uow.agora.isoformat(), "campanhas", decision, str(trace_id)),),
    )
    ports.publisher.publish(uow, [NewEvent(SOURCE, kind, detail, trace_id)])


def _set(uow: UnitOfWork, campanha_id: UUID, **values: Any) -> None:
    set_columns(uow, _CAMPANHAS, campanha_id, {**values, "updated_at": uow.agora})


def _data(row: Row[Any]) -> CampanhaData:
    return CampanhaData(
        id=row.id,
        nome=row.nome,
        segmento=row.segmento or "",
        canal=row.canal,
        mensagens=mensagens_from_json(row.mensagens),
        ritmo=ritmo_from_json(row.ritmo),
        status=row.status,
        versao=row.versao,
        lote_id=row.lote_id,
        conteudo_hash=row.conteudo_hash,
        aprovada=row.aprovada,
    )


def add_template(uow: UnitOfWork, template: Mapping[str, Any]) -> UUID:
    """Keep a template of the tenant; answers its id."""
    template_id = uuid4()
    uow.connection.execute(
        insert(Template).values(
            id=template_id, tenant_id=uow.tenant_id, created_at=uow.agora, **template
        )
    )
    return template_id
