"""Doors for messages from outside: WhatsApp, e-mail, and the unsubscribe link.

WhatsApp: verification and ``X-Hub-Signature-256`` over the raw bytes (Meta, "Webhooks: Getting
started"). E-mail: a shared secret as bearer token. Unsubscribe: RFC 8058 one-click POST.
"""

from __future__ import annotations

import hmac
import logging
from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import text

from alquimista.db.session import UnitOfWork
from alquimista.http.answers import html_page, plain_text
from alquimista.http.auth import public
from alquimista.http.blueprint import Blueprint
from alquimista.http.bodies import read_json
from alquimista.http.errors import NaoAutenticado, trace_id
from alquimista.http.services import services
from alquimista.plataforma.audit.seldom import record_seldom
from alquimista.plataforma.audit.service import SISTEMA, Ator, record
from alquimista.prospeccao.conversas import service
from alquimista.prospeccao.conversas.schemas import RecebidoSchema
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.saida import ler_token
from alquimista_integrations.email.inbound import EmailRecebido, InboundIgnored, parse_inbound
from alquimista_integrations.whatsapp.webhook import (
    MensagemRecebida,
    StatusRecebido,
    parse,
    verify_challenge,
    verify_signature,
)
from alquimista_sdk.errors import NotFound, PermanentError

logger = logging.getLogger(__name__)
blp = Blueprint("webhooks", __name__, description="Mensagens que chegam de fora")
_FIND_CHANNEL = text("SELECT tenant_id FROM alquimista_platform.find_channel(:canal, :endereco)")
_FIND_UNSUBSCRIBE = text(
    "SELECT tenant_id, lead_id FROM alquimista_platform.find_unsubscribe(:token)"
)
_PAGINA = """<!doctype html><html lang="pt-BR"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Descadastro</title></head>
<body style="font-family:system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem">
<h1>{titulo}</h1><p>{texto}</p>{formulario}</body></html>"""
_FORMULARIO = '<form method="post"><button type="submit">Não quero mais receber</button></form>'

_DESAFIO = plain_text("O valor de `hub.challenge`.", "1158201444")


class MensagemInvalida(PermanentError):
    """The body of a webhook is not what its sender documents."""

    code = "webhook_invalido"
    http_status = 400


@blp.get("/webhooks/whatsapp")
@public("the verify token is the proof")
@blp.response(200, **_DESAFIO)
def verify_whatsapp() -> Response:
    """Verificação do webhook pela Meta: devolve o desafio quando o token confere."""
    challenge = verify_challenge(request.args, services().settings.whatsapp.verify_token)
    if challenge is None:
        raise NaoAutenticado("O token de verificação não confere.")
    return Response(challenge, mimetype="text/plain")


@blp.post("/webhooks/whatsapp")
@public("the signature over the raw bytes is the proof")
@blp.response(200, RecebidoSchema)
def receive_whatsapp() -> dict[str, int]:
    """Mensagens e relatórios de entrega do WhatsApp; repetir não duplica nada."""
    raw = request.get_data()
    secret = services().settings.whatsapp.app_secret.encode()
    if not verify_signature(raw, request.headers.get("X-Hub-Signature-256", ""), secret):
        _warn("whatsapp")
        raise NaoAutenticado("A assinatura da mensagem não confere.")
    counts = {"mensagens": 0, "status": 0, "ignoradas": 0}
    for item in parse(_json(raw)):
        tenant_id = _tenant_of("whatsapp", item.phone_number_id)
        if tenant_id is None:
            counts["ignoradas"] += 1
            continue
        with services().database.unit_of_work(tenant_id) as uow:
            if isinstance(item, StatusRecebido):
                disparos.mark_status(uow, "whatsapp", item.provider_id, item.status)
                counts["status"] += 1
            else:
                counts[_receive_whatsapp(uow, item)] += 1
    return counts


@blp.post("/webhooks/email")
@public("the shared secret is the proof")
@blp.response(200, RecebidoSchema)
def receive_email() -> dict[str, int]:
    """Respostas, devoluções e reclamações de e-mail; repetir não duplica nada."""
    expected = f"Bearer {services().settings.email_webhook_secret}"
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        _warn("email")
        raise NaoAutenticado("O segredo do webhook não confere.")
    try:
        email = parse_inbound(_json(request.get_data()))
    except InboundIgnored:
        return {"mensagens": 0, "status": 0, "ignoradas": 1}
    tenant_id = _tenant_of("email", email.para.lower())
    if tenant_id is None:
        return {"mensagens": 0, "status": 0, "ignoradas": 1}
    with services().database.unit_of_work(tenant_id) as uow:
        kind = _receive_email(uow, email)
    return {"mensagens": 0, "status": 0, "ignoradas": 0, kind: 1}


@blp.get("/descadastro/<string:token>")
@public("the token in the address is the proof")
@blp.response(200, **html_page("A página de confirmação.", "Deixar de receber mensagens"))
def show_unsubscribe(token: str) -> Response:
    """Página que confirma o descadastro; abrir o endereço não descadastra ninguém."""
    _subscriber(token)
    return _page("Deixar de receber mensagens", "Confirme que não quer mais receber.", _FORMULARIO)


@blp.post("/descadastro/<string:token>")
@public("the token in the address is the proof")
@blp.response(200, **html_page("A página de fim.", "Pronto"))
def unsubscribe(token: str) -> Response:
    """Descadastro em um clique (RFC 8058); repetir não envia nada de novo."""
    tenant_id, lead_id = _subscriber(token)
    with services().database.unit_of_work(tenant_id) as uow:
        leads.opt_out(
            services().ports,
            uow,
            lead_id,
            "link de descadastro",
            Ator("lead", str(lead_id)),
            trace_id(),
        )
    return _page("Pronto", "Você não receberá mais mensagens.", "")


def _receive_whatsapp(uow: UnitOfWork, item: MensagemRecebida) -> str:
    lead = service.find_lead(uow, "whatsapp", item.de)
    return _keep(uow, lead, "whatsapp", item.texto, item.provider_id)


def _receive_email(uow: UnitOfWork, email: EmailRecebido) -> str:
    lead = service.find_lead(uow, "email", email.de)
    if email.tipo == "resposta":
        return _keep(uow, lead, "email", email.texto, email.message_id)
    if lead is None:
        return "ignoradas"
    known = leads.suppressed(uow, lead.id, email.tipo)
    if not known:
        leads.suppress(services().ports, uow, lead, email.tipo)
    disparos.cancel_pending(services().ports, uow, lead.id, email.tipo, tipos=("prospeccao",))
    if email.em_resposta_a:
        disparos.mark_status(uow, "email", email.em_resposta_a, "falhou")
    if known:
        _repeated(uow, lead.id, "email")
        return "status"
    record(
        uow,
        Ator("sistema"),
        f"email.{email.tipo}",
        alvo_tipo="lead",
        alvo_id=lead.id,
        trace_id=trace_id(),
    )
    return "status"


def _keep(uow: UnitOfWork, lead: Any, canal: str, mensagem: str, provider_id: str) -> str:
    if lead is None:
        record_seldom(
            uow,
            SISTEMA,
            "mensagem.sem_lead",
            resultado="ignorada",
            detalhes={"canal": canal},
            trace_id=trace_id(),
        )
        return "ignoradas"
    burst = services().settings.bus.burst
    kept = service.receive(services().ports, uow, lead.id, canal, mensagem, provider_id, burst)
    return "mensagens" if kept is not None else _repeated(uow, lead.id, canal)


def _repeated(uow: UnitOfWork, lead_id: UUID, canal: str) -> str:
    """A provider sends again what it has no answer to; so does who has got hold of a message."""
    record_seldom(
        uow,
        SISTEMA,
        "mensagem.repetida",
        resultado="ignorada",
        detalhes={"canal": canal},
        alvo_tipo="lead",
        alvo_id=lead_id,
        trace_id=trace_id(),
    )
    return "ignoradas"


def _tenant_of(canal: str, endereco: str) -> UUID | None:
    with services().database.anonymous() as connection:
        tenant_id: UUID | None = connection.execute(
            _FIND_CHANNEL, {"canal": canal, "endereco": endereco}
        ).scalar_one_or_none()
    return tenant_id


def _subscriber(token: str) -> tuple[UUID, UUID]:
    """Tenant and lead of an address to leave by, also of one from before ``saida.py``."""
    named = ler_token(services().ports.digest, token)
    if named is not None:
        with services().database.unit_of_work(named[0]) as uow:
            leads.find(uow, named[1])
        return named
    with services().database.anonymous() as connection:
        row = connection.execute(_FIND_UNSUBSCRIBE, {"token": token}).one_or_none()
    if row is None:
        raise NotFound("Este endereço de descadastro não existe.")
    return row.tenant_id, row.lead_id


def _warn(canal: str) -> None:
    """Nothing in a forged call may be believed, so no account's audit is told: operators are."""
    logger.warning(
        "an inbound webhook was refused: its proof does not hold",
        extra={"canal": canal, "rede": request.remote_addr, "trace_id": str(trace_id())},
    )


def _json(raw: bytes) -> dict[str, Any]:
    body = read_json(raw)
    if not isinstance(body, dict):
        raise MensagemInvalida("O corpo da mensagem deve ser um objeto JSON.")
    return body


def _page(titulo: str, texto: str, formulario: str) -> Response:
    page = _PAGINA.format(titulo=titulo, texto=texto, formulario=formulario)
    return Response(page, mimetype="text/html")
