"""Use cases of corrections: correct, undo, let write again, and the examples that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.observability.anonymous import anonymous
from alquimista.plataforma.audit.models import AuditLog
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.aprendizado.domain import (
    CERTO,
    INCERTO,
    MOTIVO,
    NAO,
    RECUSA,
    Bloqueio,
    NaoSeCorrige,
    Rotulos,
    corrigir,
    pode_reabilitar,
)
from alquimista.prospeccao.aprendizado.models import Correcao
from alquimista.prospeccao.aprendizado.retomada import pause_again, resume
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.fusoes import cadeia
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.models import Blocklist
from alquimista.runtime.cifra import SubjectKeys, seal, unseal
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import NotFound
from alquimista_sdk.learning import CorrectedExample

_INTERACOES = table_of(Interacao)
_CORRECOES = table_of(Correcao)
_CAMPOS = ("intent", "sentimento", "intensidade", "descadastro")


def correct(
    ports: Ports,
    uow: UnitOfWork,
    interacao_id: UUID,
    pedido: Mapping[str, Any],
    ator: Ator,
    trace_id: UUID,
) -> Row[Any]:
    """Keep a person's reading of a message; one that asks us to stop is obeyed at once.

    Repeating it changes nothing. Correcting away from an opt-out lets nobody be written to again:
    see ``rehabilitate``. A lead that only an uncertain reading had paused goes on: ``retomada``.

    Raises:
        NotFound: there is no such message.
        NaoSeCorrige: it was not received, or nobody has read it yet.
        CorrecaoInvalida: the labels contradict each other.
    """
    row = _locked(uow, interacao_id)
    known = _of(uow, interacao_id)
    before = Rotulos(**known.antes) if known is not None and row.corrigida else _read(row)
    after = corrigir(_read(row), pedido)
    if row.corrigida and after == _read(row):
        return row
    _keep(ports, uow, row, before, after, "intensidade" in pedido)
    _show(uow, row.id, after, corrigida=True)
    record(
        uow,
        ator,
        "leitura_corrigida",
        alvo_tipo="lead",
        alvo_id=row.lead_id,
        detalhes={
            "interacao_id": str(row.id),
            "de": before.to_json(),
            "para": after.to_json(),
        },
        trace_id=trace_id,
    )
    if after.descadastro == CERTO:
        leads.opt_out(ports, uow, row.lead_id, MOTIVO, ator, trace_id)
    elif after.intent == RECUSA != before.intent:
        leads.refuse(ports, uow, row.lead_id, "recusa", ator, trace_id)
    elif after.descadastro == NAO:
        resume(ports, uow, row.lead_id, ator, trace_id)
    return _locked(uow, interacao_id)


def undo(ports: Ports, uow: UnitOfWork, interacao_id: UUID, ator: Ator, trace_id: UUID) -> Row[Any]:
    """Give a message the machine's reading back and forget the example; repeating changes nothing.

    What an opt-out had stopped stays stopped, and the machine's doubt pauses the lead again.

    Raises:
        NotFound: there is no such message.
    """
    row = _locked(uow, interacao_id)
    known = _of(uow, interacao_id)
    if known is None or not row.corrigida:
        return row
    set_columns(
        uow,
        _CORRECOES,
        known.id,
        {"texto": None, "desfeita_em": uow.agora, "updated_at": uow.agora},
    )
    _show(uow, row.id, Rotulos(**known.antes), corrigida=False)
    record(
        uow,
        ator,
        "correcao_desfeita",
        alvo_tipo="lead",
        alvo_id=row.lead_id,
        detalhes={"interacao_id": str(row.id)},
        trace_id=trace_id,
    )
    if known.antes["descadastro"] == INCERTO != row.descadastro:
        pause_again(ports, uow, row.lead_id, ator, trace_id)
    return _locked(uow, interacao_id)


def rehabilitate(uow: UnitOfWork, lead_id: UUID, motivo: str, ator: Ator, trace_id: UUID) -> None:
    """Let a lead be written to again whom only a reading, since corrected, had stopped.

    Raises:
        NotFound: there is no such lead.
        ReabilitacaoRecusada: something else stopped us too.
    """
    row = leads.find(uow, lead_id, lock=True)
    pode_reabilitar(_block(uow, row))
    mine = (Blocklist.tenant_id == uow.tenant_id, Blocklist.lead_id == lead_id)
    gone = uow.connection.execute(delete(Blocklist).where(*mine)).rowcount
    kept = {k: v for k, v in row.metadata.items() if k not in ("descadastro", "descarte")}
    leads.apply(uow, lead_id, {"status": "respondeu", "metadata": kept})
    record(
        uow,
        ator,
        "reabilitacao",
        alvo_tipo="lead",
        alvo_id=lead_id,
        detalhes={"motivo": motivo, "bloqueios": gone},
        trace_id=trace_id,
    )


def examples(uow: UnitOfWork, keys: SubjectKeys) -> list[CorrectedExample]:
    """The tenant's corrections, the oldest first; those of erased leads are gone."""
    rows = uow.connection.execute(
        select(_CORRECOES)
        .where(_CORRECOES.c.tenant_id == uow.tenant_id, _CORRECOES.c.texto.is_not(None))
        .order_by(_CORRECOES.c.created_at, _CORRECOES.c.id)
    ).all()
    found = []
    for row in rows:
        key = keys.key(uow.connection, uow.tenant_id, row.lead_id, create=False)
        if key is None:
            continue
        plain = unseal(key, row.texto, _associated(row.id))
        labels = (row.intent, row.sentimento, row.intensidade, row.descadastro)
        found.append(CorrectedExample(plain["texto"], plain["anterior"], *labels))
    return found


def erase(uow: UnitOfWork, lead_id: UUID) -> int:
    """Forget what was learned from a lead's messages; answers how many corrections went."""
    mine = (_CORRECOES.c.tenant_id == uow.tenant_id, _CORRECOES.c.lead_id == lead_id)
    return uow.connection.execute(delete(_CORRECOES).where(*mine)).rowcount


def export(uow: UnitOfWork, lead_id: UUID) -> list[Any]:
    """How people corrected the reading of a lead's messages."""
    rows = uow.connection.execute(
        select(_CORRECOES)
        .where(_CORRECOES.c.tenant_id == uow.tenant_id, _CORRECOES.c.lead_id == lead_id)
        .order_by(_CORRECOES.c.created_at)
    )
    return [
        {
            "interacao_id": str(row.interacao_id),
            "leitura_da_maquina": row.antes,
            "leitura_da_pessoa": {name: getattr(row, name) for name in _CAMPOS},
            "em": row.created_at.isoformat(),
            "desfeita_em": row.desfeita_em.isoformat() if row.desfeita_em else None,
        }
        for row in rows
    ]


def _locked(uow: UnitOfWork, interacao_id: UUID) -> Row[Any]:
    row = uow.connection.execute(
        select(_INTERACOES)
        .where(_INTERACOES.c.tenant_id == uow.tenant_id, _INTERACOES.c.id == interacao_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("interação não encontrada")
    return row


def _of(uow: UnitOfWork, interacao_id: UUID) -> Row[Any] | None:
    return uow.connection.execute(
        select(_CORRECOES).where(
            _CORRECOES.c.tenant_id == uow.tenant_id, _CORRECOES.c.interacao_id == interacao_id
        )
    ).one_or_none()


def _read(row: Row[Any]) -> Rotulos:
    if row.tipo != "recebido":
        raise NaoSeCorrige("Só se corrige a leitura de uma mensagem recebida.")
    if row.intent is None or row.sentimento is None:
        raise NaoSeCorrige("Esta mensagem ainda não foi lida.")
    return Rotulos(row.intent, row.sentimento, row.intensidade or 0, row.descadastro or "nao")


def _show(uow: UnitOfWork, interacao_id: UUID, rotulos: Rotulos, *, corrigida: bool) -> None:
    set_columns(uow, _INTERACOES, interacao_id, {**rotulos.to_json(), "corrigida": corrigida})


def _keep(
    ports: Ports, uow: UnitOfWork, row: Row[Any], before: Rotulos, after: Rotulos, forca: bool
) -> None:
    """One row a message: correcting again replaces what a person said, not what the machine did."""
    correcao_id: UUID = (
        uow.connection.execute(
            select(_CORRECOES.c.id).where(
                _CORRECOES.c.tenant_id == uow.tenant_id, _CORRECOES.c.interacao_id == row.id
            )
        ).scalar_one_or_none()
        or uuid4()
    )
    labels = {**after.to_json(), "intensidade": after.intensidade if forca else None}
    key = ports.chaves.key(uow.connection, uow.tenant_id, row.lead_id, create=True)
    sealed = None
    if key is not None:
        sealed = seal(key, _masked(uow, row), _associated(correcao_id))
    changed = {
        **labels,
        "antes": before.to_json(),
        "texto": sealed,
        "desfeita_em": None,
        "updated_at": uow.agora,
    }
    uow.connection.execute(
        insert(_CORRECOES)
        .values(
            id=correcao_id,
            tenant_id=uow.tenant_id,
            interacao_id=row.id,
            lead_id=row.lead_id,
            created_at=uow.agora,
            **changed,
        )
        .on_conflict_do_update(
            constraint="uq_correcoes_interacao",
            set_={**changed, "versao": _CORRECOES.c.versao + 1},
        )
    )


def _masked(uow: UnitOfWork, row: Row[Any]) -> dict[str, str]:
    lead = leads.find(uow, row.lead_id)
    nomes = [nome for nome in (lead.contato, lead.empresa) if nome]
    sent = uow.connection.execute(
        select(_INTERACOES.c.mensagem)
        .where(
            _INTERACOES.c.tenant_id == uow.tenant_id,
            _INTERACOES.c.lead_id == row.lead_id,
            _INTERACOES.c.tipo == "enviado",
            _INTERACOES.c.created_at <= row.created_at,
        )
        .order_by(_INTERACOES.c.created_at.desc(), _INTERACOES.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return {
        "texto": anonymous(row.mensagem, nomes),
        "anterior": anonymous(sent or "", nomes),
    }


def _block(uow: UnitOfWork, row: Row[Any]) -> Bloqueio:
    """All that stops us from writing to a lead."""
    run = uow.connection.execute
    mine = (Blocklist.tenant_id == uow.tenant_id, Blocklist.lead_id == row.id)
    asked = run(
        select(func.count()).where(
            AuditLog.tenant_id == uow.tenant_id,
            AuditLog.alvo_id == row.id,
            AuditLog.action_type.in_(("descadastro", "recusa")),
            AuditLog.ator_tipo != "agente",
            AuditLog.detalhes["motivo"].astext.not_in((MOTIVO, "recusa")),
        )
    ).scalar_one()
    read = run(
        select(func.count()).where(
            _INTERACOES.c.tenant_id == uow.tenant_id,
            _INTERACOES.c.lead_id == row.id,
            _INTERACOES.c.tipo == "recebido",
            (_INTERACOES.c.descadastro == CERTO) | (_INTERACOES.c.intent == RECUSA),
        )
    ).scalar_one()
    corrected = run(
        select(func.count()).where(
            _CORRECOES.c.tenant_id == uow.tenant_id, _CORRECOES.c.lead_id == row.id
        )
    ).scalar_one()
    return Bloqueio(
        status=row.status,
        motivos=set(run(select(Blocklist.motivo).where(*mine)).scalars()),
        pedidos=asked,
        lidas=read,
        corrigidas=corrected,
        unido=len(cadeia.grupo(uow, row.id)) > 1,
    )


def _associated(correcao_id: UUID) -> str:
    return f"correcao:{correcao_id}"
