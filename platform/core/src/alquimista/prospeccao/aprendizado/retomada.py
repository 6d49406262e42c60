"""A lead whose pause only an uncertain reading caused goes on when a person has read it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator
from alquimista.prospeccao.aprendizado.domain import INCERTO, Pausa, pode_retomar
from alquimista.prospeccao.conversas import service as conversas
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.fusoes import cadeia
from alquimista.prospeccao.leads import service as leads
from alquimista.runtime.ports import Ports
from alquimista_sdk.models import LEITURA_INCERTA

_INTERACOES = table_of(Interacao)
MOTIVO = "leitura corrigida por uma pessoa"


def resume(ports: Ports, uow: UnitOfWork, lead_id: UUID, ator: Ator, trace_id: UUID) -> bool:
    """End the pause, and let the agents hear again what nobody has answered yet.

    False where the lead was not paused, or something else keeps it so.
    """
    if not pode_retomar(_pause(uow, lead_id)):
        return False
    leads.resume(uow, lead_id, MOTIVO, ator, trace_id)
    conversas.hear_again(ports, uow, lead_id)
    return True


def pause_again(ports: Ports, uow: UnitOfWork, lead_id: UUID, ator: Ator, trace_id: UUID) -> None:
    """The machine's doubt stands again: until a person decides, nothing is sent."""
    motivo = "A leitura voltou a ser um possível pedido de descadastro."
    leads.pause(ports, uow, lead_id, motivo, ator, trace_id, LEITURA_INCERTA)


def _pause(uow: UnitOfWork, lead_id: UUID) -> Pausa:
    row = leads.find(uow, lead_id, lock=True)
    others = [leads.find(uow, each) for each in cadeia.grupo(uow, lead_id) if each != lead_id]
    uncertain = uow.connection.execute(
        select(func.count()).where(
            _INTERACOES.c.tenant_id == uow.tenant_id,
            _INTERACOES.c.lead_id == lead_id,
            _INTERACOES.c.tipo == "recebido",
            _INTERACOES.c.descadastro == INCERTO,
        )
    ).scalar_one()
    return Pausa(
        pausado=row.pausado,
        causa=row.pausa_causa,
        status=row.status,
        assumido=row.assumido_por is not None,
        incertas=uncertain,
        unidos_pausados=sum(each.pausado and each.pausa_causa is None for each in others),
    )
