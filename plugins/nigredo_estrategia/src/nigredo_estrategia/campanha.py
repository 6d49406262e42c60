"""A lot becomes a campaign: channel, messages, rhythm, previews, and what a person is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from alquimista_sdk.models import (
    ETAPAS,
    Lead,
    Lote,
    NovaCampanha,
    Template,
    TenantFacts,
)
from nigredo_estrategia.mensagens import Escolha, escolher, previas, utilizavel
from nigredo_estrategia.ritmo import ritmo_do_lote

_NOME_MAXIMO: Final = 255
_FORA: Final = frozenset({"descadastrado", "bloqueado", "descartado", "convertido"})


@dataclass(frozen=True, slots=True)
class Material:
    """What a campaign is made of: templates by channel, the tenant's presentation, its settings."""

    email: Sequence[Template]
    whatsapp: Sequence[Template]
    apresentacao: str | None
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plano:
    """A campaign and the text with which a person is asked to approve it."""

    campanha: NovaCampanha
    resumo: str


def planejar(
    campanha_id: UUID, lote: Lote, leads: Sequence[Lead], material: Material, tenant: TenantFacts
) -> Plano:
    """Make the campaign of a lot; the same input gives the same campaign.

    Raises:
        PermanentError: the configured hours leave no time to send in.
    """
    ativos = [lead for lead in leads if lead.status not in _FORA and not lead.pausado]
    canal = canal_do_lote(ativos, material)
    templates = material.whatsapp if canal == "whatsapp" else material.email
    escolha = escolher(canal, templates, material.apresentacao)
    alcancados = alcancaveis(ativos, canal)
    campanha = NovaCampanha(
        id=campanha_id,
        nome=f"Prospecção · {lote.nome}"[:_NOME_MAXIMO],
        segmento=lote.segmento,
        canal=canal,
        mensagens=escolha.mensagens,
        ritmo=ritmo_do_lote(lote, material.config),
        lote_id=lote.id,
        previas=previas(escolha.mensagens, alcancados or ativos, tenant),
    )
    return Plano(campanha, resumo(campanha, lote, len(alcancados), escolha))


def canal_do_lote(leads: Sequence[Lead], material: Material) -> str:
    """E-mail, unless the tenant allows WhatsApp, it reaches more, and its templates are approved.

    A business-initiated WhatsApp message outside of the 24-hour window needs a template that Meta
    approved (https://developers.facebook.com/docs/whatsapp/message-templates), in each stage.
    """
    if not material.config.get("whatsapp_permitido", False):
        return "email"
    if not tem_todas_as_etapas(material.whatsapp):
        return "email"
    por_whatsapp, por_email = alcancaveis(leads, "whatsapp"), alcancaveis(leads, "email")
    return "whatsapp" if len(por_whatsapp) > len(por_email) else "email"


def tem_todas_as_etapas(templates: Iterable[Template]) -> bool:
    """Whether approved, usable templates are there for two variants of every stage."""
    contagem = dict.fromkeys(ETAPAS, 0)
    for template in templates:
        if template.aprovado and template.etapa in contagem and utilizavel(template):
            contagem[template.etapa] += 1
    return all(quantos >= 2 for quantos in contagem.values())


def alcancaveis(leads: Iterable[Lead], canal: str) -> list[Lead]:
    """The leads that have an address of the channel (WhatsApp: a Brazilian mobile number)."""
    if canal == "email":
        return [lead for lead in leads if lead.email]
    return [lead for lead in leads if lead.telefone and _celular(lead.telefone)]


def resumo(campanha: NovaCampanha, lote: Lote, alcancados: int, escolha: Escolha) -> str:
    """What the approver reads first (pt-BR)."""
    canal = {"email": "e-mail", "whatsapp": "WhatsApp"}[campanha.canal]
    ritmo = campanha.ritmo
    linhas = [
        f"{campanha.nome}: {alcancados} de {lote.quantidade} leads têm {canal} "
        f"(prioridade {lote.prioridade}).",
        f"Três etapas com intervalo de {ritmo.dias_entre_etapas} dias úteis, das "
        f"{ritmo.hora_inicio:%H:%M} às {ritmo.hora_fim:%H:%M}, até {ritmo.por_hora} por hora.",
    ]
    if escolha.recusados:
        nomes = ", ".join(f"“{nome}”" for nome in escolha.recusados)
        linhas.append(f"Modelos com erro que não foram usados: {nomes}.")
    return " ".join(linhas)


def _celular(telefone: str) -> bool:
    return len(telefone) == 14 and telefone.startswith("+55")
