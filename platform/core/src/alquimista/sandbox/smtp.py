"""The e-mail twin: a real SMTP exchange whose letters a person can read in the sandbox."""

from __future__ import annotations

from alquimista.db.session import Database
from alquimista.sandbox.service import NovaMensagem, record
from alquimista.sandbox.smtp_server import CartaRecebida, SmtpTwin


class SandboxSmtp(SmtpTwin):
    """Keeps each message as a row per recipient, committed before the sender hears 250."""

    def __init__(self, database: Database, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(self._keep, host, port)
        self._database = database

    def _keep(self, carta: CartaRecebida) -> None:
        with self._database.unit_of_work(carta.tenant_id) as uow:
            for destinatario in carta.destinatarios:
                record(
                    uow,
                    NovaMensagem(
                        canal="email",
                        remetente=carta.remetente,
                        destinatario=destinatario,
                        assunto=carta.assunto,
                        mensagem=carta.mensagem,
                        cabecalhos=carta.cabecalhos,
                        anexos=carta.anexos,
                        provider_id=carta.provider_id,
                        disparo_id=carta.disparo_id,
                        lead_id=carta.lead_id,
                        enviada_em=carta.enviada_em,
                    ),
                )
