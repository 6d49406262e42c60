"""A tenant, a lead and a conversation to try the handler on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import Agendamento, Interacao, Lead, TenantFacts, Trecho
from alquimista_sdk.testing import TENANT_ID, TwinContext, load_manifest, make_event
from alquimista_sdk.testing.events import NOW

LEAD = UUID("00000000-0000-4000-8000-0000000000a1")
ENVIADA = UUID("00000000-0000-4000-8000-0000000000b1")
RECEBIDA = UUID("00000000-0000-4000-8000-0000000000b2")
EVENTO = UUID("00000000-0000-4000-8000-0000000000c1")
TRECHO = Trecho(
    UUID("00000000-0000-4000-8000-0000000000d1"),
    "Planos",
    "O plano básico custa R$ 350,00 por mês e a implantação leva 15 dias.",
)


def leitura(
    intent: str = "question", sentimento: str = "neutro", descadastro: str = "nao"
) -> dict[str, Any]:
    """What ``sentimento.analisar`` answers."""
    return {
        "text": "",
        "intent": intent,
        "sentimento": sentimento,
        "intensidade": 40,
        "descadastro": descadastro,
        "motivos": ["motivo de teste"],
    }


def evento(texto: str, canal: str = "whatsapp", **mais: Any) -> AgentEvent:
    """A received burst; ``mais`` is further metadata."""
    return make_event(
        "alquimista.conversas.received",
        LEAD,
        metadata={"interacao_ids": [str(RECEBIDA)], "canal": canal, **mais},
        last_message=texto,
        source_channel=canal,
        id=EVENTO,
    )


def gemeo(
    texto: str,
    lida: Mapping[str, Any] | None = None,
    *,
    resposta: str = "Olá! O plano básico custa R$ 350,00 por mês. Posso sugerir horários?",
    tenant: TenantFacts | None = None,
    config: Mapping[str, Any] | None = None,
    trechos: tuple[Trecho, ...] = (TRECHO,),
    **do_lead: Any,
) -> TwinContext:
    """A twin whose lead has just written ``texto``."""
    twin = TwinContext(
        load_manifest("nigredo_atendimento"),
        tenant=tenant or TenantFacts(id=TENANT_ID, nome="Metalúrgica Aurora"),
        config=config,
    )
    campos: dict[str, Any] = {
        "status": "respondeu",
        "contato": "Ana Souza",
        "prioridade": 60,
    } | do_lead
    twin.store.add(
        Lead(
            id=LEAD,
            empresa="Padaria Central",
            telefone="+5511987654321",
            email="ana@p.com.br",
            **campos,
        ),
        Interacao(ENVIADA, LEAD, "enviado", "whatsapp", "Posso mostrar?", NOW - timedelta(days=1)),
        Interacao(RECEBIDA, LEAD, "recebido", "whatsapp", texto, NOW),
        *trechos,
    )
    if lida is not None:
        twin.answer_operation("sentimento.analisar", lida)
    twin.answer_tool("llm.write", {"texto": resposta, "modelo": "teste", "sandbox": True})
    return twin


def proposta() -> Agendamento:
    """An open proposal of the lead."""
    return Agendamento(UUID("00000000-0000-4000-8000-0000000000e1"), LEAD, "proposto", NOW, 60, 1)
