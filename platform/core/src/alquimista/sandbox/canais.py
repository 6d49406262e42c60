"""The channels that the sender may call, real or twins, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlalchemy import select

from alquimista.db.session import Database
from alquimista.plataforma.tenants.models import Tenant
from alquimista.prospeccao.disparos.canais import Canal, Envio, Situacao
from alquimista.sandbox import service
from alquimista.sandbox.smtp_server import DISPARO, LEAD, TENANT
from alquimista.sandbox.whatsapp import SandboxWhatsApp, provider_id_of
from alquimista.settings import Settings
from alquimista_integrations.email.message import EmailMessageData, message_id
from alquimista_integrations.email.smtp import SmtpChannel
from alquimista_integrations.whatsapp.cloud import WhatsAppCloud
from alquimista_sdk.errors import PermanentError

_KEEP_SECONDS = 5.0
PhoneNumberId = Callable[[UUID], str | None]


class EmailCanal:
    """E-mail by SMTP; with a database it is the sandbox, whose letter box can be looked into."""

    def __init__(self, smtp: SmtpChannel, database: Database | None = None) -> None:
        self._smtp = smtp
        self._database = database

    @property
    def sandbox(self) -> bool:
        """Whether the twin's server takes the messages."""
        return self._database is not None

    def send(self, envio: Envio) -> str:
        """Send; answers the Message-ID. Raises as ``SmtpChannel.send``."""
        return self._smtp.send(
            EmailMessageData(
                remetente=envio.remetente,
                remetente_nome=envio.remetente_nome,
                destinatarios=envio.destinatarios,
                assunto=envio.assunto,
                texto=envio.mensagem,
                chave=envio.chave,
                data=envio.agora,
                anexos=envio.anexos,
                link_descadastro=envio.link_descadastro,
                em_resposta_a=envio.em_resposta_a,
                cabecalhos=_sandbox_headers(envio) if self.sandbox else {},
            )
        )

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """Look into the letter box; a real mail server cannot be asked."""
        if self._database is None:
            return "desconhecido", None
        provider_id = message_id(envio.chave, envio.remetente)
        with self._database.unit_of_work(envio.tenant_id) as uow:
            if service.arrived(uow, "email", provider_id):
                return "enviado", provider_id
        return "nao_enviado", None


class WhatsAppSandboxCanal:
    """WhatsApp in the sandbox."""

    sandbox = True

    def __init__(self, twin: SandboxWhatsApp) -> None:
        self._twin = twin

    def send(self, envio: Envio) -> str:
        """Keep the message; answers the twin's id."""
        return self._twin.send(
            envio.tenant_id,
            _only_recipient(envio),
            envio.mensagem,
            envio.chave,
            envio.disparo_id,
            envio.lead_id,
            remetente=envio.remetente_nome or "sandbox",
            agora=envio.agora,
        )

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """Look into the letter box."""
        if self._twin.arrived(envio.tenant_id, envio.chave):
            return "enviado", provider_id_of(envio.chave)
        return "nao_enviado", None


class WhatsAppCanal:
    """WhatsApp through Meta; the number is the tenant's own."""

    sandbox = False

    def __init__(self, base_url: str, token: str, phone_number_id: PhoneNumberId) -> None:
        self._base_url = base_url
        self._token = token
        self._phone_number_id = phone_number_id

    def send(self, envio: Envio) -> str:
        """Send a text, or the approved template where the message is outside of the window.

        Raises:
            PermanentError: the tenant has no number, or Meta refused.
            TransientError: see ``WhatsAppCloud.send_text``.
        """
        number = self._phone_number_id(envio.tenant_id)
        if number is None:
            raise PermanentError("Nenhum número de WhatsApp configurado.", code="sem_numero")
        cloud = WhatsAppCloud(self._base_url, self._token, number)
        para = _only_recipient(envio)
        if envio.modelo is not None:
            modelo = envio.modelo
            return cloud.send_template(
                para, modelo.nome, modelo.parametros, envio.chave, modelo.idioma
            )
        return cloud.send_text(para, envio.mensagem, envio.chave)

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """Meta answers no such question; its status report brings the key back later."""
        return "desconhecido", None


def channels(settings: Settings, database: Database) -> Mapping[str, Canal]:
    """The channels of a process: twins in the sandbox, what is configured in production."""
    smtp = settings.smtp
    channel = SmtpChannel(
        smtp.host, smtp.port, smtp.user, smtp.password, smtp.starttls, keep=_KEEP_SECONDS
    )
    if settings.sandbox:
        return {
            "email": EmailCanal(channel, database),
            "whatsapp": WhatsAppSandboxCanal(SandboxWhatsApp(database)),
        }
    found: dict[str, Canal] = {"email": EmailCanal(channel)}
    if settings.whatsapp.token is not None:
        found["whatsapp"] = WhatsAppCanal(
            settings.whatsapp.base_url, settings.whatsapp.token, _numbers(database)
        )
    return found


def _numbers(database: Database) -> PhoneNumberId:
    def find(tenant_id: UUID) -> str | None:
        with database.unit_of_work(tenant_id) as uow:
            settings = uow.connection.execute(
                select(Tenant.configuracoes).where(Tenant.id == tenant_id)
            ).scalar_one()
        number = (settings.get("canais") or {}).get("whatsapp")
        return str(number) if number else None

    return find


def _sandbox_headers(envio: Envio) -> dict[str, str]:
    """Where the twin files the letter; a real mail server never sees them."""
    headers = {TENANT: str(envio.tenant_id), DISPARO: str(envio.disparo_id)}
    if envio.lead_id is not None:
        headers[LEAD] = str(envio.lead_id)
    return headers


def _only_recipient(envio: Envio) -> str:
    if len(envio.destinatarios) != 1:
        raise PermanentError(
            "Uma mensagem de WhatsApp tem um só destinatário.", code="sem_destinatario"
        )
    return envio.destinatarios[0]
