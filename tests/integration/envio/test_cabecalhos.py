"""What a mail server receives: one-click unsubscribe, and one Message-ID for each key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from alquimista.app import create_app
from alquimista.bootstrap import System
from alquimista.prospeccao.disparos.canais import Envio
from alquimista.sandbox.canais import channels
from alquimista_integrations.email.message import message_id
from tests.integration.envio.bancada import Bancada

REMETENTE = "vendas@aurora.example.com"


def received(bancada: Bancada, disparo_id: UUID) -> dict[str, str]:
    """The headers of the one letter of a message, by lower-case name."""
    [row] = bancada.rows(
        "SELECT cabecalhos FROM alquimista_platform.sandbox_mensagens WHERE disparo_id = :id",
        id=disparo_id,
    )
    return {name.lower(): value for name, value in row.cabecalhos.items()}


def test_a_prospecting_letter_can_be_unsubscribed_from_with_one_click(system: System) -> None:
    bancada = Bancada.montar(system)
    lead_id = bancada.lead()
    disparo_id = bancada.planeja(lead_id, em=timedelta(0))
    bancada.trabalha()
    headers = received(bancada, disparo_id)
    link = headers["list-unsubscribe"].strip().strip("<>")
    assert link.startswith(f"{system.settings.url_publica}/descadastro/")
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"

    client = create_app(system.services).test_client()
    path = link.removeprefix(system.settings.url_publica)
    clicked = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert clicked.status_code == 200
    bancada.trabalha()
    [lead] = bancada.rows("SELECT status FROM nigredo_leads.leads")
    assert lead.status == "descadastrado"
    [confirmation] = bancada.rows(
        "SELECT id FROM nigredo_leads.disparos WHERE tipo = 'confirmacao'"
    )
    assert "list-unsubscribe" not in received(bancada, confirmation.id)


def test_one_key_is_one_letter_however_often_it_is_handed_over(system: System) -> None:
    bancada = Bancada.montar(system)
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    bancada.trabalha()
    row = bancada.disparo(disparo_id)
    wanted = message_id(row.chave_idempotencia, REMETENTE)
    assert row.provider_id == wanted
    assert str(bancada.tenant_id) not in wanted, "the key names the tenant; its hash does not"

    canal = channels(system.settings, system.database)["email"]
    envio = Envio(
        tenant_id=bancada.tenant_id,
        disparo_id=disparo_id,
        lead_id=row.lead_id,
        chave=row.chave_idempotencia,
        canal="email",
        remetente=REMETENTE,
        remetente_nome="Aurora",
        destinatarios=("quem@cliente.example.com",),
        assunto="Olá",
        mensagem="De novo",
        anexos=(),
        link_descadastro=None,
        em_resposta_a=None,
        modelo=None,
        agora=bancada.agora(),
    )
    assert canal.lookup(envio) == ("enviado", wanted)
    assert canal.lookup(replace(envio, chave="outra")) == ("nao_enviado", None)
    assert canal.send(envio) == canal.send(envio) == wanted
    letters = bancada.rows(
        "SELECT destinatario FROM alquimista_platform.sandbox_mensagens WHERE provider_id = :id",
        id=wanted,
    )
    assert len(letters) == 2, "one for each recipient, none twice"


def test_the_text_arrives_as_it_was_written(system: System) -> None:
    bancada = Bancada.montar(system)
    text = "Olá, João!\nUma linha.\n\n.Um ponto no começo: ação, coração, 50 %.\n"
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0), mensagem=text)
    bancada.trabalha()
    [letter] = bancada.rows("SELECT mensagem, assunto FROM alquimista_platform.sandbox_mensagens")
    assert letter.mensagem.rstrip("\n") == text.rstrip("\n")
    assert bancada.disparo(disparo_id).status == "enviado"
