"""Use cases of conversations: receiving, joining bursts, reading, answering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.http.listing import Listing, Page
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.fusoes import cadeia
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.domain import FINAL, telefone_identidade
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.errors import NotFound
from alquimista_sdk.events import EventContext, FractalDetail, LogEntry, Subject
from alquimista_sdk.models import Historico, Leitura, NovaResposta
from alquimista_sdk.models import Interacao as InteracaoData

SOURCE = "alquimista.conversas"
_LEITURA = ("sentimento", "intensidade", "intent", "descadastro")
TIMER = "rajada"
_INTERACOES = table_of(Interacao)
_RECEIVE = (
    insert(_INTERACOES)
    .on_conflict_do_nothing(constraint="uq_interacoes_provider")
    .returning(_INTERACOES.c.id)
)
_HEAR = text(
    """
    WITH heard AS (
        UPDATE nigredo_leads.interacoes SET atendida = true, versao = versao + 1
        WHERE tenant_id = :tenant AND lead_id = :lead AND tipo = 'recebido' AND NOT atendida
        RETURNING id, mensagem, canal, trace_id, created_at, corrigida, sentimento, intensidade,
            intent, descadastro
    )
    SELECT * FROM heard ORDER BY created_at, id
    """
)
_UNANSWERED = text(
    """
    UPDATE nigredo_leads.interacoes SET atendida = false, versao = versao + 1
    WHERE tenant_id = :tenant AND lead_id = :lead AND tipo = 'recebido' AND created_at > coalesce(
        (SELECT max(created_at) FROM nigredo_leads.interacoes
         WHERE tenant_id = :tenant AND lead_id = :lead AND tipo = 'enviado'), '-infinity')
    """
)
LISTA = Listing(
    table=_INTERACOES,
    ordens={"created_at": _INTERACOES.c.created_at},
    padrao="created_at",
    filtros={name: _INTERACOES.c[name] for name in ("tipo", "canal")},
)


def find_lead(uow: UnitOfWork, canal: str, endereco: str) -> Row[Any] | None:
    """Whose address it is: the lead written to last where several share it.

    A lead that was merged into another is found as the one that stayed.
    """
    if canal == "email":
        condition: Any = LEADS.c.email_norm == endereco.strip().lower()
    else:
        digits = endereco.strip().lstrip("+")
        identity = telefone_identidade(f"+{digits}")
        condition = or_(LEADS.c.telefone_norm == identity, LEADS.c.whatsapp_id == digits)
    found = uow.connection.execute(
        select(LEADS)
        .where(LEADS.c.tenant_id == uow.tenant_id, condition)
        .order_by(LEADS.c.contatado_em.desc().nulls_last(), LEADS.c.created_at, LEADS.c.id)
        .limit(1)
    ).one_or_none()
    if found is None or found.status not in FINAL:
        return found
    return leads.find(uow, cadeia.atual(uow, found.id))


def receive(
    ports: Ports,
    uow: UnitOfWork,
    lead_id: UUID,
    canal: str,
    mensagem: str,
    provider_id: str,
    espera: timedelta,
) -> UUID | None:
    """Keep a received message and stop what was planned; None where it came before.

    The burst's timer moves with each message: agents hear of all of them together (decision 21).
    """
    interacao_id: UUID | None = uow.connection.execute(
        _RECEIVE,
        {
            "id": uuid4(),
            "tenant_id": uow.tenant_id,
            "lead_id": lead_id,
            "tipo": "recebido",
            "canal": canal,
            "mensagem": mensagem,
            "provider_id": provider_id,
            "atendida": False,
            "trace_id": uuid4(),
            "created_at": uow.agora,
        },
    ).scalar_one_or_none()
    if interacao_id is None:
        return None
    leads.set_status(uow, lead_id, "respondeu")
    disparos.cancel_pending(ports, uow, lead_id, "respondeu", tipos=("prospeccao",))
    ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora + espera, TIMER, lead_id)
    return interacao_id


def finish_burst(ports: Ports, uow: UnitOfWork, lead_id: UUID) -> None:
    """Tell the agents what a lead wrote since they last heard.

    What a person has read goes apart, with their reading, so that no machine reads it again.
    """
    rows = uow.connection.execute(_HEAR, {"tenant": uow.tenant_id, "lead": lead_id}).all()
    by_person = [row for row in rows if row.corrigida]
    for heard in (by_person, [row for row in rows if not row.corrigida]):
        if heard:
            _tell(ports, uow, lead_id, heard)


def hear_again(ports: Ports, uow: UnitOfWork, lead_id: UUID) -> None:
    """Let the agents hear anew what a lead wrote since we last wrote to them."""
    asked = {"tenant": uow.tenant_id, "lead": lead_id}
    if uow.connection.execute(_UNANSWERED, asked).rowcount:
        ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora, TIMER, lead_id)


def _tell(ports: Ports, uow: UnitOfWork, lead_id: UUID, rows: Sequence[Row[Any]]) -> None:
    last = rows[-1]
    trace_id = last.trace_id
    metadata: dict[str, Any] = {
        "interacao_ids": [str(row.id) for row in rows],
        "canal": last.canal,
    }
    if last.corrigida:
        metadata["leitura"] = {name: getattr(last, name) for name in _LEITURA}
    detail = FractalDetail(
        subject=Subject.lead(lead_id),
        context=EventContext(
            source=last.canal,
            last_message="\n".join(row.mensagem for row in rows),
            metadata=metadata,
        ),
        logs=(
            LogEntry(
                uow.agora.isoformat(), "conversas", f"{len(rows)} mensagem(ns)", str(trace_id)
            ),
        ),
    )
    ports.publisher.publish(uow, [NewEvent(SOURCE, "received", detail, trace_id)])


def find(uow: UnitOfWork, interacao_id: UUID) -> InteracaoData:
    """One message. Raises ``NotFound``."""
    row = uow.connection.execute(
        select(Interacao.__table__).where(
            Interacao.tenant_id == uow.tenant_id, Interacao.id == interacao_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("interação não encontrada")
    return interacao_of(row)


def history(uow: UnitOfWork, lead_id: UUID, limit: int) -> Historico:
    """The last messages of a conversation, oldest first, and how many there are."""
    condition = (Interacao.tenant_id == uow.tenant_id, Interacao.lead_id == lead_id)
    total = uow.connection.execute(
        select(func.count()).select_from(Interacao).where(*condition)
    ).scalar_one()
    rows = uow.connection.execute(
        select(Interacao.__table__)
        .where(*condition)
        .order_by(Interacao.created_at.desc(), Interacao.id.desc())
        .limit(limit)
    ).all()
    return Historico(total, tuple(interacao_of(row) for row in reversed(rows)))


def classify(uow: UnitOfWork, interacao_id: UUID, leitura: Leitura) -> None:
    """Store how a received message was read; what a person has corrected stays as they said."""
    corrected = uow.connection.execute(
        select(_INTERACOES.c.corrigida)
        .where(_INTERACOES.c.tenant_id == uow.tenant_id, _INTERACOES.c.id == interacao_id)
        .with_for_update()
    ).scalar_one_or_none()
    if corrected:
        return
    changed = set_columns(
        uow,
        _INTERACOES,
        interacao_id,
        {
            "sentimento": leitura.sentimento,
            "intensidade": leitura.intensidade,
            "intent": leitura.intent,
            "descadastro": leitura.descadastro,
            "motivos": list(leitura.motivos),
            "modelo": leitura.modelo[:120] or None,
        },
    )
    if changed != 1:
        raise NotFound("interação não encontrada")


def reply(ports: Ports, uow: UnitOfWork, resposta: NovaResposta, trace_id: UUID) -> None:
    """Ask the sender to answer a lead for an agent.

    The token lets the gate see a person who takes over later; where one already has, the answer
    carries the token of before, so that the gate refuses it in words that people can read.
    """
    lead = leads.find(uow, resposta.lead_id)
    taken_over = lead.assumido_por is not None
    disparos.request(
        ports,
        uow,
        tipo=resposta.tipo,
        canal=resposta.canal,
        assunto=resposta.assunto,
        mensagem=resposta.mensagem,
        chave=f"{uow.tenant_id}-{resposta.lead_id}-{resposta.chave}",
        lead_id=resposta.lead_id,
        anexos=resposta.anexos,
        token_conversa=lead.token_conversa - 1 if taken_over else lead.token_conversa,
        trace_id=trace_id,
    )


def interacao_of(row: Row[Any]) -> InteracaoData:
    """A message as agents read it."""
    return InteracaoData(
        id=row.id,
        lead_id=row.lead_id,
        tipo=row.tipo,
        canal=row.canal,
        mensagem=row.mensagem,
        created_at=row.created_at,
        sentimento=row.sentimento,
        intensidade=row.intensidade,
        intent=row.intent,
    )


def page(uow: UnitOfWork, lead_id: UUID, query: Mapping[str, Any]) -> Page:
    """A page of a conversation, oldest first unless asked otherwise."""
    return LISTA.page(uow, query, Interacao.lead_id == lead_id)
