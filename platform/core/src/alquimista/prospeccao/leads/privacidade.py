"""Erasure and export of everything that prospecting keeps of a lead (decision 25).

Each store is a function of its own, registered by name in ``bootstrap``: the certificate lists
them with their counts. Suppression survives as keyed hashes, aggregates stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, insert, select, text, update

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.agendamentos import service as agendamentos
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.prospeccao.aprendizado import service as aprendizado
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.models import Disparo
from alquimista.prospeccao.finalidades import service as finalidades
from alquimista.prospeccao.fusoes import privacidade as fusoes
from alquimista.prospeccao.fusoes.cadeia import grupo
from alquimista.prospeccao.leads import service
from alquimista.prospeccao.leads.chaves import LeadKeys
from alquimista.prospeccao.leads.models import Blocklist, Esquecimento
from alquimista.runtime.models import ChamadaFerramenta, EstadoAgente
from alquimista.runtime.ports import Ports
from alquimista.sandbox.models import SandboxMensagem

Erase = Callable[[UnitOfWork, UUID], int]
Export = Callable[[UnitOfWork, UUID], Any]
CONFIRMACAO = (
    "Seus dados foram apagados dos nossos sistemas e você não receberá mais mensagens nossas. "
    "Guardamos apenas um código irreversível para respeitar este pedido. Código do certificado: {}."
)
_EXPORTED = (
    "empresa",
    "cnpj",
    "contato",
    "telefone",
    "email",
    "setor",
    "porte",
    "atividade_principal",
    "cidade",
    "uf",
    "status",
    "base_legal",
    "planilha",
    "linha",
)


@dataclass(frozen=True, slots=True)
class Armazem:
    """A store of personal data: how to erase a lead from it, and what to hand out of it."""

    nome: str
    erase: Erase
    export: Export


def stores(ports: Ports, keys: LeadKeys) -> tuple[Armazem, ...]:
    """The stores of prospecting, in the order in which they are erased."""
    return (
        Armazem("fusoes", fusoes.erase, fusoes.export),
        Armazem("agendamentos", _erase_meetings(ports), _export_meetings),
        Armazem("arquivos", _erase_files(ports), _nothing),
        Armazem("disparos", _erase_disparos(ports), _export_disparos),
        Armazem("correcoes", aprendizado.erase, aprendizado.export),
        Armazem("interacoes", _erase_interacoes, _export_interacoes),
        Armazem("sandbox_mensagens", _erase_twin, _nothing),
        Armazem("estado_agentes", _erase_state, _export_state),
        Armazem("chamadas_ferramentas", _erase_calls, _nothing),
        Armazem("bases_legais", finalidades.erase, finalidades.export),
        Armazem("blocklist", _erase_addresses, _nothing),
        Armazem("eventos", _erase_events(keys), _nothing),
        Armazem("leads", _erase_lead, _export_lead),
    )


def forget(
    ports: Ports,
    uow: UnitOfWork,
    lead_id: UUID,
    erase: Callable[[UnitOfWork, UUID], Mapping[str, int]],
    ator: Ator,
    trace_id: UUID,
) -> Mapping[str, Any]:
    """Erase a lead everywhere and answer the certificate; a second call answers the first's.

    Leads that a person declared one with it are the same subject's: they are erased with it, each
    with a certificate of its own. Each address hears once what was erased; it travels in that one
    message only and is removed with it.
    """
    known = _certificate(uow, lead_id)
    if known is not None:
        return known
    row = service.find(uow, lead_id, lock=True)
    service.suppress(ports, uow, row, "esquecimento")
    told: set[str] = set()
    for each in sorted(grupo(uow, lead_id), key=lambda found: found == lead_id):
        if _certificate(uow, each) is not None:
            continue
        row = service.find(uow, each, lock=True)
        known = erase_everywhere(uow, each, erase, ator, trace_id)
        address = row.email or row.telefone
        if address and address not in told:
            told.add(address)
            _confirm(ports, uow, row, known["certificado_id"], trace_id)
    assert known is not None
    return known


def _certificate(uow: UnitOfWork, lead_id: UUID) -> Mapping[str, Any] | None:
    known = uow.connection.execute(
        select(Esquecimento.certificado).where(
            Esquecimento.tenant_id == uow.tenant_id, Esquecimento.lead_id == lead_id
        )
    ).scalar_one_or_none()
    return None if known is None else dict(known)


def erase_everywhere(
    uow: UnitOfWork,
    lead_id: UUID,
    erase: Callable[[UnitOfWork, UUID], Mapping[str, int]],
    ator: Ator,
    trace_id: UUID,
) -> Mapping[str, Any]:
    """Erase one lead from every store and keep its certificate; nobody is told."""
    certificate_id = uuid4()
    counts = erase(uow, lead_id)
    certificate = {
        "certificado_id": str(certificate_id),
        "lead_id": str(lead_id),
        "apagado_em": uow.agora.isoformat(),
        "registros": dict(counts),
        "permanece": ["código irreversível de supressão (HMAC)", "contagens agregadas"],
    }
    uow.connection.execute(
        insert(Esquecimento).values(
            id=certificate_id,
            tenant_id=uow.tenant_id,
            lead_id=lead_id,
            certificado=certificate,
            created_at=uow.agora,
        )
    )
    record(
        uow,
        ator,
        "esquecimento",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"certificado_id": str(certificate_id), "registros": dict(counts)},
        trace_id=trace_id,
    )
    return certificate


def _confirm(
    ports: Ports, uow: UnitOfWork, row: Row[Any], certificate_id: str, trace_id: UUID
) -> None:
    disparos.request(
        ports,
        uow,
        tipo="confirmacao",
        canal="email" if row.email else "whatsapp",
        assunto="Confirmação de exclusão dos seus dados",
        mensagem=CONFIRMACAO.format(certificate_id),
        chave=f"{uow.tenant_id}-{row.id}-esquecimento",
        lead_id=row.id,
        destinatarios=[row.email or row.telefone],
        trace_id=trace_id,
    )


def _nothing(_: UnitOfWork, __: UUID) -> list[Any]:
    return []


def _mine(table: Any, uow: UnitOfWork, lead_id: UUID) -> tuple[Any, ...]:
    return (table.tenant_id == uow.tenant_id, table.lead_id == lead_id)


def _erase_meetings(ports: Ports) -> Erase:
    def erase(uow: UnitOfWork, lead_id: UUID) -> int:
        agendamentos.cancel_future(ports, uow, lead_id)
        return uow.connection.execute(
            update(Agendamento)
            .where(*_mine(Agendamento, uow, lead_id))
            .values(briefing=None, versao=Agendamento.versao + 1)
        ).rowcount

    return erase


def _erase_files(ports: Ports) -> Erase:
    def erase(uow: UnitOfWork, lead_id: UUID) -> int:
        rows: Sequence[Any] = (
            uow.connection.execute(select(Disparo.anexos).where(*_mine(Disparo, uow, lead_id)))
            .scalars()
            .all()
        )
        return sum(
            ports.files.delete(uow.tenant_id, anexo["chave"]) for anexos in rows for anexo in anexos
        )

    return erase


def _erase_disparos(ports: Ports) -> Erase:
    def erase(uow: UnitOfWork, lead_id: UUID) -> int:
        disparos.cancel_pending(ports, uow, lead_id, "esquecimento")
        return uow.connection.execute(
            update(Disparo)
            .where(*_mine(Disparo, uow, lead_id))
            .values(
                mensagem=service.ANONIMIZADO,
                assunto="",
                anexos=[],
                destinatarios=None,
                erro=None,
                versao=Disparo.versao + 1,
            )
        ).rowcount

    return erase


def _erase_interacoes(uow: UnitOfWork, lead_id: UUID) -> int:
    return uow.connection.execute(
        update(Interacao)
        .where(*_mine(Interacao, uow, lead_id))
        .values(mensagem=service.ANONIMIZADO, motivos=None, versao=Interacao.versao + 1)
    ).rowcount


def _erase_twin(uow: UnitOfWork, lead_id: UUID) -> int:
    return uow.connection.execute(
        delete(SandboxMensagem).where(*_mine(SandboxMensagem, uow, lead_id))
    ).rowcount


def _erase_state(uow: UnitOfWork, lead_id: UUID) -> int:
    return uow.connection.execute(
        delete(EstadoAgente).where(*_mine(EstadoAgente, uow, lead_id))
    ).rowcount


def _erase_calls(uow: UnitOfWork, lead_id: UUID) -> int:
    return uow.connection.execute(
        delete(ChamadaFerramenta).where(*_mine(ChamadaFerramenta, uow, lead_id))
    ).rowcount


def _erase_addresses(uow: UnitOfWork, lead_id: UUID) -> int:
    return uow.connection.execute(
        update(Blocklist)
        .where(*_mine(Blocklist, uow, lead_id))
        .values(telefone=None, email=None, versao=Blocklist.versao + 1)
    ).rowcount


def _erase_events(keys: LeadKeys) -> Erase:
    def erase(uow: UnitOfWork, lead_id: UUID) -> int:
        count: int = uow.connection.execute(
            text(
                "SELECT count(*) FROM fibonacci_core.events "
                "WHERE tenant_id = :tenant AND ordering_key = :lead"
            ),
            {"tenant": uow.tenant_id, "lead": str(lead_id)},
        ).scalar_one()
        keys.destroy(uow.connection, uow.tenant_id, lead_id)
        return count

    return erase


def _erase_lead(uow: UnitOfWork, lead_id: UUID) -> int:
    service.apply(
        uow,
        lead_id,
        {
            "empresa": service.ANONIMIZADO,
            "contato": service.ANONIMIZADO,
            "cnpj": None,
            "telefone": None,
            "telefone_norm": None,
            "whatsapp_id": None,
            "email": None,
            "email_norm": None,
            "chave_dedupe": f"esquecido:{lead_id}",
            "atividade_principal": None,
            "cidade": None,
            "planilha": None,
            "linha": None,
            "status": "descadastrado",
            "metadata": {},
        },
    )
    return 1


def _export_lead(uow: UnitOfWork, lead_id: UUID) -> dict[str, Any]:
    row = service.find(uow, lead_id)
    found = {name: getattr(row, name) for name in _EXPORTED}
    return {**found, "criado_em": row.created_at.isoformat(), "metadata": row.metadata}


def _export_interacoes(uow: UnitOfWork, lead_id: UUID) -> list[Any]:
    rows = uow.connection.execute(
        select(Interacao.tipo, Interacao.canal, Interacao.mensagem, Interacao.created_at)
        .where(*_mine(Interacao, uow, lead_id))
        .order_by(Interacao.created_at)
    )
    return [
        {"tipo": r.tipo, "canal": r.canal, "mensagem": r.mensagem, "em": r.created_at.isoformat()}
        for r in rows
    ]


def _export_disparos(uow: UnitOfWork, lead_id: UUID) -> list[Any]:
    return [
        {
            "tipo": d.tipo,
            "status": d.status,
            "canal": d.canal,
            "mensagem": d.mensagem,
            "enviado_em": d.enviado_em.isoformat() if d.enviado_em else None,
        }
        for d in disparos.by_lead(uow, lead_id)
    ]


def _export_meetings(uow: UnitOfWork, lead_id: UUID) -> list[Any]:
    rows = uow.connection.execute(
        select(Agendamento.data_hora, Agendamento.status, Agendamento.briefing)
        .where(*_mine(Agendamento, uow, lead_id))
        .order_by(Agendamento.data_hora)
    )
    return [
        {"data_hora": r.data_hora.isoformat(), "status": r.status, "briefing": r.briefing}
        for r in rows
    ]


def _export_state(uow: UnitOfWork, lead_id: UUID) -> list[Any]:
    rows = uow.connection.execute(
        select(EstadoAgente.agente, EstadoAgente.chave, EstadoAgente.valor).where(
            *_mine(EstadoAgente, uow, lead_id)
        )
    )
    return [{"agente": r.agente, "chave": r.chave, "valor": r.valor} for r in rows]
