"""Use cases of data subjects' requests: ask, confirm by the link, answer, remind.

Who opens the link has shown that the address is theirs: the request is answered at once. What
reaches the account by other ways is registered by a person and answered by a person, on the clock.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import SISTEMA, Ator, record
from alquimista.plataforma.lgpd.registry import SubjectRegistry
from alquimista.plataforma.tenants.service import TenantService
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.models import Disparo
from alquimista.prospeccao.finalidades.service import withdraw
from alquimista.prospeccao.leads import privacidade
from alquimista.prospeccao.leads.models import Blocklist
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.prospeccao.leads.service import ANONIMIZADO
from alquimista.prospeccao.leads.service import find as find_lead
from alquimista.prospeccao.titulares.domain import (
    AGUARDANDO,
    ATENDIDO,
    CONFIRMADO,
    DADOS_VALEM,
    EXCLUSAO,
    LINK_VALE,
    OPOSICAO,
    PRAZO,
    Pedido,
    dias_restantes,
    proximo_lembrete,
)
from alquimista.prospeccao.titulares.models import PedidoTitular
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import NotFound, PermanentError

PEDIDOS = table_of(PedidoTitular)
TIMER = "titular"
_ASSUNTO = {
    "acesso": "Confirme o seu pedido de acesso aos dados",
    "exclusao": "Confirme o seu pedido de exclusão dos dados",
    "oposicao": "Confirme o seu pedido para que um uso dos dados pare",
}
_MENSAGEM = (
    "Recebemos um pedido sobre os dados pessoais ligados a este endereço. Se foi você, confirme "
    "em até 48 horas: {}\n\nSe não foi você, ignore esta mensagem: nada será feito."
)
_LEMBRETE = (
    "O pedido {} de um titular de dados ({}) ainda não foi atendido. Prazo da LGPD (art. 19, II): "
    "{} ({} dias). Atenda-o em Privacidade, ou pela API: POST /api/titulares/pedidos/{}/atender."
)


class PedidoFora(PermanentError):
    """The request is not in a state that allows this."""

    code = "pedido_fora_de_estado"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class TitularService:
    """The tenant's managers (``emails_gestores``) are who is reminded."""

    ports: Ports
    registry: SubjectRegistry
    tenants: TenantService

    def ask(self, uow: UnitOfWork, pedido: Pedido, trace_id: UUID) -> None:
        """Take a request from the public page and send the link that confirms it.

        Nothing tells whether the address is known here. An address gets one link a day, kind and
        purpose.
        """
        digest = self.ports.digest("email", _norm(pedido.email))
        what = "-".join(filter(None, (pedido.tipo, pedido.finalidade)))
        key = f"{uow.tenant_id}-titular-{what}-{digest[:32]}-{uow.agora.date()}"
        token, pedido_id = secrets.token_urlsafe(32), uuid4()
        link = f"{self.ports.url_publica}/privacidade/{uow.tenant_id}/pedidos/{token}"
        disparo_id = disparos.request(
            self.ports,
            uow,
            tipo="confirmacao",
            canal="email",
            assunto=_ASSUNTO[pedido.tipo],
            mensagem=_MENSAGEM.format(link),
            chave=key,
            destinatarios=[pedido.email.strip()],
            trace_id=trace_id,
        )
        if disparo_id is None:
            return
        self._insert(uow, pedido_id, pedido, "pagina", token, AGUARDANDO, disparo_id)
        _note(uow, Ator("titular"), "titular.pedido", pedido_id, pedido.detalhes, trace_id)

    def open(self, uow: UnitOfWork, token: str) -> Row[Any]:
        """The request of a link. Raises ``NotFound`` also where the link is too old."""
        row = uow.connection.execute(
            select(PEDIDOS).where(
                PEDIDOS.c.tenant_id == uow.tenant_id,
                PEDIDOS.c.token_hash == _hash(token),
                PEDIDOS.c.expira_em > uow.agora,
            )
        ).one_or_none()
        if row is None:
            raise NotFound("Este link não existe ou venceu. Faça um novo pedido.")
        return row

    def confirm(self, uow: UnitOfWork, token: str, trace_id: UUID) -> Row[Any]:
        """The person opened the link: answer the request. A second time changes nothing."""
        row = self._locked(uow, self.open(uow, token).id)
        if row.status != AGUARDANDO:
            return row
        uow.connection.execute(
            update(PEDIDOS)
            .where(*_one(uow, row.id))
            .values(
                status=CONFIRMADO,
                confirmado_em=uow.agora,
                prazo_em=uow.agora + PRAZO,
                expira_em=uow.agora + DADOS_VALEM,
                versao=PEDIDOS.c.versao + 1,
            )
        )
        self._answer(uow, row, Ator("titular"), trace_id)
        return self._locked(uow, row.id)

    def register(self, uow: UnitOfWork, pedido: Pedido, ator: Ator, trace_id: UUID) -> UUID:
        """A request that came by another way; the clock runs from now, with reminders."""
        pedido_id = uuid4()
        token = secrets.token_urlsafe(32)
        self._insert(uow, pedido_id, pedido, "equipe", token, CONFIRMADO, None)
        _note(uow, ator, "titular.pedido", pedido_id, pedido.detalhes, trace_id)
        self._schedule(uow, pedido_id, uow.agora)
        return pedido_id

    def attend(
        self, uow: UnitOfWork, pedido_id: UUID, ator: Ator, trace_id: UUID
    ) -> Mapping[str, Any]:
        """Answer a registered request; for ``acesso`` the answer holds the data, to be handed on.

        Raises:
            NotFound: there is no such request.
            PedidoFora: it was answered, or waits for its link to be opened.
        """
        row = self._locked(uow, pedido_id)
        if row.status != CONFIRMADO:
            raise PedidoFora("Este pedido já foi atendido ou ainda espera a confirmação.")
        resultado = self._answer(uow, row, ator, trace_id)
        data = self._export(uow, resultado["lead_ids"]) if row.tipo == "acesso" else None
        return {"id": pedido_id, "resultado": resultado, "dados": data}

    def data_of(self, uow: UnitOfWork, token: str) -> list[Mapping[str, Any]]:
        """What is kept of the person whose request of access was answered.

        Raises:
            NotFound: no such link, or it is no request of access that was answered.
        """
        row = self.open(uow, token)
        if row.tipo != "acesso" or row.status != ATENDIDO:
            raise NotFound("Este link não existe ou venceu. Faça um novo pedido.")
        return self._export(uow, row.resultado["lead_ids"])

    def find(self, uow: UnitOfWork, pedido_id: UUID) -> Row[Any]:
        """One request of the tenant. Raises ``NotFound``."""
        row = self._find(uow, pedido_id)
        if row is None:
            raise NotFound("Pedido não encontrado.")
        return row

    def _export(self, uow: UnitOfWork, lead_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        return [dict(self.registry.export(uow, UUID(lead_id))) for lead_id in lead_ids]

    def remind(self, uow: UnitOfWork, pedido_id: UUID) -> None:
        """A reminder is due: tell the managers where nobody has answered."""
        row = self._find(uow, pedido_id)
        if row is None or row.status != CONFIRMADO:
            return
        managers = list(self.tenants.settings(uow).emails_gestores)
        if managers:
            left = dias_restantes(row.prazo_em, uow.agora)
            disparos.request(
                self.ports,
                uow,
                tipo="interno",
                canal="email",
                assunto=f"Pedido de titular de dados: {left} dias para o prazo",
                mensagem=_LEMBRETE.format(
                    pedido_id, row.tipo, f"{row.prazo_em:%d/%m/%Y}", left, pedido_id
                ),
                chave=f"{uow.tenant_id}-titular-{pedido_id}-{uow.agora.isoformat()}",
                destinatarios=managers,
                trace_id=uuid4(),
            )
        _note(uow, SISTEMA, "titular.lembrete", pedido_id, {}, None)
        self._schedule(uow, pedido_id, row.confirmado_em)

    def erase_requests(self, uow: UnitOfWork, lead_id: UUID) -> int:
        """The addresses in the requests of a lead; a store of the subject registry."""
        digest = self._digest_of(uow, lead_id)
        if digest is None:
            return 0
        return uow.connection.execute(
            update(PEDIDOS)
            .where(
                PEDIDOS.c.tenant_id == uow.tenant_id,
                PEDIDOS.c.email_hmac == digest,
                PEDIDOS.c.email.is_not(None),
            )
            .values(email=None, versao=PEDIDOS.c.versao + 1)
        ).rowcount

    def export_requests(self, uow: UnitOfWork, lead_id: UUID) -> list[Any]:
        """The requests of a lead, for its export."""
        digest = self._digest_of(uow, lead_id)
        if digest is None:
            return []
        rows = uow.connection.execute(
            select(PEDIDOS).where(
                PEDIDOS.c.tenant_id == uow.tenant_id, PEDIDOS.c.email_hmac == digest
            )
        )
        return [
            {
                "tipo": row.tipo,
                "finalidade": row.finalidade,
                "status": row.status,
                "em": row.created_at.isoformat(),
            }
            for row in rows
        ]

    def _answer(self, uow: UnitOfWork, row: Row[Any], ator: Ator, trace_id: UUID) -> dict[str, Any]:
        found = _leads(uow, row.email)
        resultado: dict[str, Any] = {"leads": len(found), "lead_ids": [str(one) for one in found]}
        if row.tipo == OPOSICAO:
            resultado["finalidade"] = row.finalidade
            self._stop(uow, row, found, ator, trace_id)
        if row.tipo == EXCLUSAO:
            certificates = [
                privacidade.forget(self.ports, uow, lead_id, self.registry.erase, ator, trace_id)[
                    "certificado_id"
                ]
                for lead_id in found
            ]
            resultado["certificados"] = certificates
            self._suppress(uow, row.email_hmac)
        uow.connection.execute(
            update(PEDIDOS)
            .where(*_one(uow, row.id))
            .values(
                status=ATENDIDO,
                atendido_em=uow.agora,
                email=None,
                resultado=resultado,
                versao=PEDIDOS.c.versao + 1,
            )
        )
        if row.disparo_id is not None:
            uow.connection.execute(
                update(Disparo)
                .where(Disparo.tenant_id == uow.tenant_id, Disparo.id == row.disparo_id)
                .values(mensagem=ANONIMIZADO, destinatarios=None, versao=Disparo.versao + 1)
            )
        self.ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, row.id)
        _note(uow, ator, "titular.atendido", row.id, {"tipo": row.tipo, **resultado}, trace_id)
        return resultado

    def _stop(
        self, uow: UnitOfWork, row: Row[Any], found: Sequence[UUID], ator: Ator, trace_id: UUID
    ) -> None:
        """The purpose stops for every lead of the address; no other does."""
        for lead_id in found:
            motivo = f"pedido de titular {row.id}"
            withdraw(self.ports, uow, lead_id, row.finalidade, "formulario", motivo, ator, trace_id)

    def _suppress(self, uow: UnitOfWork, email_hmac: str) -> None:
        uow.connection.execute(
            insert(Blocklist).values(
                id=uuid4(),
                tenant_id=uow.tenant_id,
                email_hmac=email_hmac,
                motivo="esquecimento",
                created_at=uow.agora,
            )
        )

    def _insert(
        self,
        uow: UnitOfWork,
        pedido_id: UUID,
        pedido: Pedido,
        origem: str,
        token: str,
        status: str,
        disparo_id: UUID | None,
    ) -> None:
        confirmed = uow.agora if status == CONFIRMADO else None
        uow.connection.execute(
            insert(PEDIDOS).values(
                id=pedido_id,
                tenant_id=uow.tenant_id,
                tipo=pedido.tipo,
                finalidade=pedido.finalidade,
                origem=origem,
                status=status,
                email=pedido.email.strip(),
                email_hmac=self.ports.digest("email", _norm(pedido.email)),
                token_hash=_hash(token),
                disparo_id=disparo_id,
                expira_em=uow.agora + LINK_VALE,
                confirmado_em=confirmed,
                prazo_em=confirmed + PRAZO if confirmed else None,
                resultado={},
                created_at=uow.agora,
            )
        )

    def _schedule(self, uow: UnitOfWork, pedido_id: UUID, confirmado_em: Any) -> None:
        following = proximo_lembrete(confirmado_em, uow.agora)
        if following is not None:
            self.ports.timers.schedule(uow.connection, uow.tenant_id, following, TIMER, pedido_id)

    def _digest_of(self, uow: UnitOfWork, lead_id: UUID) -> str | None:
        email = find_lead(uow, lead_id).email_norm
        return self.ports.digest("email", email) if email else None

    def _find(self, uow: UnitOfWork, pedido_id: UUID) -> Row[Any] | None:
        return uow.connection.execute(select(PEDIDOS).where(*_one(uow, pedido_id))).one_or_none()

    def _locked(self, uow: UnitOfWork, pedido_id: UUID) -> Row[Any]:
        row = uow.connection.execute(
            select(PEDIDOS).where(*_one(uow, pedido_id)).with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound("Pedido não encontrado.")
        return row


def _one(uow: UnitOfWork, pedido_id: UUID) -> tuple[Any, ...]:
    return (PEDIDOS.c.tenant_id == uow.tenant_id, PEDIDOS.c.id == pedido_id)


def _leads(uow: UnitOfWork, email: str) -> list[UUID]:
    """The leads of an address."""
    return list(
        uow.connection.execute(
            select(LEADS.c.id)
            .where(LEADS.c.tenant_id == uow.tenant_id, LEADS.c.email_norm == _norm(email))
            .order_by(LEADS.c.created_at, LEADS.c.id)
        ).scalars()
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _norm(email: str) -> str:
    return email.strip().lower()


def _note(
    uow: UnitOfWork,
    ator: Ator,
    action: str,
    pedido_id: UUID,
    detalhes: Mapping[str, Any],
    trace_id: UUID | None,
) -> None:
    record(
        uow,
        ator,
        action,
        alvo_tipo="pedido",
        alvo_id=pedido_id,
        detalhes=detalhes,
        trace_id=trace_id,
    )
