"""Undoing an import, as long as nobody of it was written to."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, or_, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import SISTEMA, Ator, record
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.prospeccao.campanhas.models import Campanha
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.models import Disparo
from alquimista.prospeccao.finalidades.models import BaseLegal
from alquimista.prospeccao.fusoes.models import Fusao, FusaoBloco
from alquimista.prospeccao.importacoes.models import Importacao
from alquimista.prospeccao.importacoes.service import delete_file, find
from alquimista.prospeccao.leads.models import Lead, LeadKey, Lote
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import PermanentError

_INTOCADOS = ("novo", "enriquecido")
_NAO_SAIU = ("planejado", "cancelado", "recusado")
_LEADS = table_of(Lead)


class NaoPodeDesfazer(PermanentError):
    """The import is still being read, was undone, or a lead of it was written to."""

    code = "nao_pode_desfazer"
    http_status = HTTPStatus.CONFLICT


def undo(
    ports: Ports,
    uow: UnitOfWork,
    importacao_id: UUID,
    *,
    ator: Ator = SISTEMA,
    trace_id: UUID | None = None,
) -> int:
    """Delete the leads of an import with what was planned for them; answers how many.

    Parts and rejects stay as a record; campaigns of its lots end.

    Raises:
        NotFound: there is no such import.
        NaoPodeDesfazer: it is too late, or too early.
    """
    row = find(uow, importacao_id, lock=True)
    if row.status not in ("concluida", "falhou"):
        raise NaoPodeDesfazer(
            "Esta importação já foi desfeita."
            if row.status == "desfeita"
            else "Esta importação ainda está sendo lida. Espere que ela termine."
        )
    mine = and_(_LEADS.c.tenant_id == uow.tenant_id, _LEADS.c.importacao_id == importacao_id)
    uow.connection.execute(select(_LEADS.c.id).where(mine).with_for_update())
    _exigir_intocados(uow, importacao_id)
    _encerrar_campanhas(ports, uow, importacao_id)
    for lead_id in _com_planejados(uow, importacao_id):
        disparos.cancel_pending(ports, uow, lead_id, "importacao_desfeita")
    for model in (Disparo, LeadKey):
        uow.connection.execute(
            delete(model).where(
                model.tenant_id == uow.tenant_id,
                model.lead_id.in_(select(_LEADS.c.id).where(mine)),
            )
        )
    _apagar_fusoes(uow, select(_LEADS.c.id).where(mine))
    deleted = uow.connection.execute(delete(_LEADS).where(mine)).rowcount
    delete_file(ports, uow, importacao_id)
    uow.connection.execute(
        update(Importacao)
        .where(Importacao.tenant_id == uow.tenant_id, Importacao.id == importacao_id)
        .values(status="desfeita", versao=Importacao.versao + 1)
    )
    record(
        uow,
        ator,
        "importacao_desfeita",
        alvo_tipo="importacao",
        alvo_id=importacao_id,
        detalhes={"leads": deleted},
        trace_id=trace_id,
    )
    return deleted


def _exigir_intocados(uow: UnitOfWork, importacao_id: UUID) -> None:
    touched = [
        exists().where(
            model.tenant_id == _LEADS.c.tenant_id, model.lead_id == _LEADS.c.id, *condition
        )
        for model, condition in (
            (Disparo, (Disparo.status.not_in(_NAO_SAIU),)),
            (Interacao, ()),
            (Agendamento, ()),
            (BaseLegal, ()),
            (Fusao, (Fusao.status == "feita",)),
        )
    ]
    found = uow.connection.execute(
        select(_LEADS.c.id)
        .where(
            _LEADS.c.tenant_id == uow.tenant_id,
            _LEADS.c.importacao_id == importacao_id,
            or_(_LEADS.c.status.not_in(_INTOCADOS), *touched),
        )
        .limit(1)
    ).first()
    if found is not None:
        raise NaoPodeDesfazer(
            "Não dá para desfazer: ao menos um lead desta importação já foi contatado "
            "ou mudou de situação."
        )


def _apagar_fusoes(uow: UnitOfWork, mine: Select[tuple[UUID]]) -> None:
    """Suggestions, and what was decided on them: there is nothing left to merge."""
    uow.connection.execute(
        delete(Fusao).where(
            Fusao.tenant_id == uow.tenant_id, or_(Fusao.lead_id.in_(mine), Fusao.outro_id.in_(mine))
        )
    )
    uow.connection.execute(
        delete(FusaoBloco).where(FusaoBloco.tenant_id == uow.tenant_id, FusaoBloco.id.in_(mine))
    )


def _com_planejados(uow: UnitOfWork, importacao_id: UUID) -> list[UUID]:
    joined = and_(Disparo.tenant_id == _LEADS.c.tenant_id, Disparo.lead_id == _LEADS.c.id)
    return list(
        uow.connection.execute(
            select(_LEADS.c.id)
            .distinct()
            .join(Disparo, joined)
            .where(
                _LEADS.c.tenant_id == uow.tenant_id,
                _LEADS.c.importacao_id == importacao_id,
                Disparo.status == "planejado",
            )
        ).scalars()
    )


def _encerrar_campanhas(ports: Ports, uow: UnitOfWork, importacao_id: UUID) -> None:
    lotes = select(Lote.id).where(
        Lote.tenant_id == uow.tenant_id, Lote.importacao_id == importacao_id
    )
    ended = uow.connection.execute(
        update(Campanha)
        .where(
            Campanha.tenant_id == uow.tenant_id,
            Campanha.lote_id.in_(lotes),
            Campanha.status != "concluida",
        )
        .values(status="concluida", updated_at=uow.agora, versao=Campanha.versao + 1)
        .returning(Campanha.id)
    ).scalars()
    for campanha_id in list(ended):
        disparos.cancel_campaign(ports, uow, campanha_id, "importacao_desfeita")
