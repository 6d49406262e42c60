"""What is written: the prompt with its variables, and the sentences that are always true."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from alquimista_sdk.models import Historico, Lead, Leitura, TenantFacts

OBJETIVO_OBJECAO = "entender a objeção"
MAX_MENSAGEM = 2_000
_MAX_HISTORICO = 300
_COM_EQUIPE = re.compile(
    r"\bvou (?:confirmar|verificar|checar|levar|consultar|conversar|validar)\b[^.!?]*\bequipe\b",
    re.IGNORECASE,
)
_TONS: Mapping[str, str] = {
    "positivo": "calorosa e objetiva",
    "neutro": "clara e objetiva",
    "negativo": "empática e cuidadosa",
    "irritado": "empática, breve e respeitosa",
}


def variaveis(
    tenant: TenantFacts,
    lead: Lead,
    historico: Historico,
    mensagem: str,
    leitura: Leitura,
    objetivo: str,
    canal: str,
) -> dict[str, Any]:
    """The variables of the prompt, as the design names them, and those that a writer needs."""
    return {
        "empresa_cliente": tenant.nome,
        "historico_interacoes": _history(historico),
        "mensagem_lead": mensagem[:MAX_MENSAGEM],
        "sentimento": leitura.sentimento,
        "intensidade": leitura.intensidade,
        "tom_marca": tenant.tom_marca,
        "tom_resposta": _TONS[leitura.sentimento],
        "objetivo_atual": objetivo,
        "intent": leitura.intent,
        "contato": lead.contato or "",
        "canal": canal,
    }


def prompt(valores: Mapping[str, Any], max_caracteres: int) -> str:
    """The design's prompt with its variables; what the lead wrote is fenced as data."""
    preenchidos = dict(valores) | {
        "mensagem_lead": _fence(str(valores["mensagem_lead"])),
        "historico_interacoes": _fence(str(valores["historico_interacoes"])),
        "max_caracteres": max_caracteres,
    }
    return _template().format_map(preenchidos)


def frase_segura(tenant: TenantFacts) -> str:
    """What is said where nothing certain can be: a person will look (and is told to)."""
    return (
        "Obrigado pela mensagem! Vou confirmar essa informação com a equipe da "
        f"{tenant.nome} e retorno por aqui."
    )


def aviso_de_pessoa(tenant: TenantFacts) -> str:
    """The short answer to a lead who asks for a person."""
    return f"Claro! Avisei a equipe da {tenant.nome}: uma pessoa vai continuar esta conversa."


def verdade(tenant: TenantFacts) -> str:
    """The truth about who writes, and the offer of a person (decision 20)."""
    return (
        f"Sim, esta conversa é atendida por um assistente automático da {tenant.nome}. "
        "Se preferir, uma pessoa da equipe pode continuar: é só me dizer."
    )


def depende_da_equipe(texto: str) -> bool:
    """Does an answer promise that the team will be asked? Then the team must be told."""
    return _COM_EQUIPE.search(texto) is not None


def com_divulgacao(texto: str, tenant: TenantFacts) -> str:
    """Tenants may choose to say openly that an assistant writes."""
    if not tenant.divulgacao_automatica:
        return texto
    return f"{texto}\n\nMensagem do assistente automático da {tenant.nome}."


def assunto(canal: str, tenant: TenantFacts, lead: Lead) -> str:
    """The subject of an answer; only e-mail has one."""
    return f"Re: {tenant.nome} e {lead.empresa}" if canal == "email" else ""


def _history(historico: Historico) -> str:
    if not historico.interacoes:
        return "sem mensagens anteriores"
    linhas: Sequence[str] = [
        f"{'lead' if item.tipo == 'recebido' else 'nós'}: {item.mensagem[:_MAX_HISTORICO]}"
        for item in historico.interacoes
    ]
    return "\n".join(linhas)


def _fence(texto: str) -> str:
    """Inside the marks everything is data, so the marks themselves may not occur in it."""
    return "«" + texto.replace("«", "‹").replace("»", "›") + "»"


@cache
def _template() -> str:
    return (files("nigredo_atendimento") / "prompt.txt").read_text(encoding="utf-8")
