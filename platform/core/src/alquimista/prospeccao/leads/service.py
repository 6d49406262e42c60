"""Use cases of one lead: opt-out, refusal, pause, take-over, conversion, status."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, bindparam, insert, select

from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.models import AuditLog
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.agendamentos.service import cancel_future
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.fusoes import cadeia
from alquimista.prospeccao.leads.domain import MARCOS, proximo_status
from alquimista.prospeccao.leads.models import Blocklist
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import NotFound, VersionConflict

ANONIMIZADO = "ANONIMIZADO"
_FIND = select(LEADS).where(
    LEADS.c.tenant_id == bindparam("tenant"), LEADS.c.id == bindparam("lead")
)
_LOCK = _FIND.with_for_update(key_share=True)
"""A locked lead does not hold up rows that only point to it."""
CONFIRMACAO = (
    "Recebemos seu pedido: você não receberá mais mensagens nossas. "
    "Se quiser que seus dados sejam apagados, responda APAGAR MEUS DADOS."
)


def find(uow: UnitOfWork, lead_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One row of the tenant. Raises ``NotFound``."""
    row = uow.connection.execute(
        _LOCK if lock else _FIND, {"tenant": uow.tenant_id, "lead": lead_id}
    ).one_or_none()
    if row is None:
        raise NotFound("lead não encontrado")
    return row


def set_status(uow: UnitOfWork, lead_id: UUID, status: str) -> Row[Any]:
    """Move a lead forward in the funnel; answers the row as it was."""
    row = find(uow, lead_id, lock=True)
    novo = proximo_status(row.status, status)
    changes: dict[str, Any] = {}
    if novo != row.status:
        changes["status"] = novo
    marco = MARCOS.get(status)
    if marco is not None and getattr(row, marco) is None:
        changes[marco] = uow.agora
    if changes:
        apply(uow, lead_id, changes)
    return row


def apply(
    uow: UnitOfWork, lead_id: UUID, changes: dict[str, Any], *, versao: int | None = None
) -> None:
    """Set columns of a lead, guarded by a version where one is given.

    Raises:
        VersionConflict: the row has another version.
    """
    changed = set_columns(uow, LEADS, lead_id, {**changes, "updated_at": uow.agora}, versao=versao)
    if changed != 1:
        raise VersionConflict("lead changed meanwhile")


def opt_out(
    ports: Ports, uow: UnitOfWork, lead_id: UUID, motivo: str, ator: Ator, trace_id: UUID
) -> bool:
    """Decision 19: suppress on every channel at once, and confirm once, truthfully.

    Leads that were merged with this one are the same person's: they are opted out with it.
    False where the lead was opted out before: nothing is done again, but the audit keeps who else
    asked, since what one reading stopped may be lifted and what a person asked for may not.
    """
    row = find(uow, lead_id, lock=True)
    if row.status == "descadastrado":
        _note_another_request(uow, lead_id, motivo, ator, trace_id)
        return False
    registro = {"data": uow.agora.isoformat(), "motivo": motivo}
    apply(
        uow,
        lead_id,
        {
            "status": "descadastrado",
            "metadata": {**row.metadata, "descadastro": registro},
        },
    )
    suppress(ports, uow, row, "descadastro")
    cancelled = disparos.cancel_pending(ports, uow, lead_id, "descadastro")
    for outro_id in _others(uow, lead_id):
        outro = find(uow, outro_id, lock=True)
        metadata = {**outro.metadata, "descadastro": registro}
        apply(uow, outro_id, {"status": "descadastrado", "metadata": metadata})
        cancelled += disparos.cancel_pending(ports, uow, outro_id, "descadastro")
    meetings = cancel_future(ports, uow, lead_id)
    canal = "email" if row.email else "whatsapp"
    if row.email or row.telefone:
        disparos.request(
            ports,
            uow,
            tipo="confirmacao",
            canal=canal,
            assunto="Confirmação de descadastro",
            mensagem=CONFIRMACAO,
            chave=f"{uow.tenant_id}-{lead_id}-descadastro",
            lead_id=lead_id,
            trace_id=trace_id,
        )
    record(
        uow,
        ator,
        "descadastro",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"motivo": motivo, "disparos_cancelados": cancelled, "reunioes": meetings},
        trace_id=trace_id,
        antes={"status": row.status},
        depois={"status": "descadastrado"},
        chaves=ports.chaves,
    )
    return True


def _note_another_request(
    uow: UnitOfWork, lead_id: UUID, motivo: str, ator: Ator, trace_id: UUID
) -> None:
    """Once for each reason: a link can be opened any number of times."""
    known = select(AuditLog.id).where(
        AuditLog.tenant_id == uow.tenant_id,
        AuditLog.alvo_id == lead_id,
        AuditLog.action_type == "descadastro",
        AuditLog.detalhes["motivo"].astext == motivo,
    )
    if uow.connection.execute(known.limit(1)).first() is None:
        record(
            uow,
            ator,
            "descadastro",
            alvo_tipo="lead",
            alvo_id=lead_id,
            detalhes={"motivo": motivo, "repetido": True},
            trace_id=trace_id,
        )


def refuse(
    ports: Ports, uow: UnitOfWork, lead_id: UUID, motivo: str, ator: Ator, trace_id: UUID
) -> None:
    """Decision 19: a plain refusal stops and blocks further outreach, without a confirmation."""
    row = find(uow, lead_id, lock=True)
    if row.status in ("descadastrado", "descartado"):
        return
    apply(
        uow,
        lead_id,
        {"status": "descartado", "metadata": {**row.metadata, "descarte": motivo}},
    )
    suppress(ports, uow, row, "recusa")
    for each in (lead_id, *_others(uow, lead_id)):
        disparos.cancel_pending(ports, uow, each, motivo, tipos=("prospeccao",))
    record(
        uow,
        ator,
        "recusa",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"motivo": motivo},
        trace_id=trace_id,
    )


def suppress(ports: Ports, uow: UnitOfWork, row: Row[Any], motivo: str) -> None:
    """Put the addresses of a lead, and of all merged with it, into the blocklist.

    The keyed hashes outlive an erasure.
    """
    everyone = [row, *(find(uow, lead_id) for lead_id in _others(uow, row.id))]
    uow.connection.execute(
        insert(Blocklist),
        [
            {
                "id": uuid4(),
                "tenant_id": uow.tenant_id,
                "lead_id": lead.id,
                "telefone": lead.telefone,
                "email": lead.email,
                "telefone_hmac": ports.digest("telefone", lead.telefone_norm)
                if lead.telefone_norm
                else None,
                "email_hmac": ports.digest("email", lead.email_norm) if lead.email_norm else None,
                "motivo": motivo,
                "created_at": uow.agora,
            }
            for lead in everyone
        ],
    )


def suppressed(uow: UnitOfWork, lead_id: UUID, motivo: str) -> bool:
    """Whether a lead's addresses are in the blocklist for this reason."""
    known = select(Blocklist.id).where(
        Blocklist.tenant_id == uow.tenant_id,
        Blocklist.lead_id == lead_id,
        Blocklist.motivo == motivo,
    )
    return uow.connection.execute(known.limit(1)).first() is not None


def _others(uow: UnitOfWork, lead_id: UUID) -> list[UUID]:
    """The leads that were declared one with a lead, without itself."""
    return [found for found in cadeia.grupo(uow, lead_id) if found != lead_id]


def pause(
    ports: Ports,
    uow: UnitOfWork,
    lead_id: UUID,
    motivo: str,
    ator: Ator,
    trace_id: UUID,
    causa: str | None = None,
) -> None:
    """Stop machine messages to a lead until a person decides.

    ``causa`` says what may end the pause; it is kept only while no other cause joins it.
    """
    row = find(uow, lead_id, lock=True)
    if row.pausado and row.pausa_causa != causa:
        causa = None
    apply(uow, lead_id, {"pausado": True, "pausa_motivo": motivo[:255], "pausa_causa": causa})
    disparos.cancel_pending(ports, uow, lead_id, "pausado", tipos=("prospeccao",))
    record(
        uow,
        ator,
        "pausa",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"motivo": motivo},
        trace_id=trace_id,
    )


def resume(uow: UnitOfWork, lead_id: UUID, motivo: str, ator: Ator, trace_id: UUID) -> None:
    """End a lead's pause; the audit keeps why."""
    row = find(uow, lead_id, lock=True)
    apply(uow, lead_id, {"pausado": False, "pausa_motivo": None, "pausa_causa": None})
    record(
        uow,
        ator,
        "retomada",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"motivo": motivo, "causa": row.pausa_causa},
        trace_id=trace_id,
    )


def convert(uow: UnitOfWork, lead_id: UUID, valor_centavos: int, ator: Ator) -> None:
    """The sale was made: ``convertido`` with its value in cents."""
    set_status(uow, lead_id, "convertido")
    apply(uow, lead_id, {"valor_convertido_centavos": valor_centavos})
    record(
        uow,
        ator,
        "conversao",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"valor_centavos": valor_centavos},
    )
