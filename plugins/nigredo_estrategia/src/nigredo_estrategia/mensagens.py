"""The messages of a campaign: the tenant's templates, or the built-in ones where it has none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.mensagens import conferir, fatos_do_lead, render
from alquimista_sdk.models import ETAPAS, Lead, Mensagem, Mensagens, Template, TenantFacts, Trecho
from nigredo_estrategia.modelos import biblioteca

VARIANTES: Final = 2
APRESENTACAO: Final = "%apresentacao%"
_APRESENTACAO_MAXIMO: Final = 320
_TITULOS: Final = (
    "o que fazemos",
    "quem somos",
    "sobre",
    "apresentacao",
    "nossa solucao",
    "nossos servicos",
    "nosso produto",
    "institucional",
)
_SAIDA = re.compile(r"\bSAIR\b|(?i:descadastr|(?:n[ãa]o|parar de) receber)")
ASSUNTO_PADRAO: Final = "{empresa_cliente} e {empresa}"
_FIM_DE_FRASE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Escolha:
    """The messages of a campaign, and the tenant's templates that could not be used (by name)."""

    mensagens: Mensagens
    recusados: tuple[str, ...] = ()


def escolher(canal: str, templates: Iterable[Template], apresentacao: str | None) -> Escolha:
    """Two variants for each stage: the tenant's approved templates first, then the built-in ones.

    A template that could never be rendered is left out and named. An e-mail without an opt-out
    line or a subject gets one; a WhatsApp text stays as it was approved.
    """
    recusados: list[str] = []
    proprias: dict[str, list[Mensagem]] = {etapa: [] for etapa in ETAPAS}
    for template in sorted(templates, key=lambda item: (item.etapa, item.variante, str(item.id))):
        if not template.aprovado or template.etapa not in proprias:
            continue
        if not utilizavel(template):
            recusados.append(template.nome)
            continue
        proprias[template.etapa].append(_da_casa(canal, template))
    prontas = {
        etapa: _completar(etapa, mensagens, apresentacao) for etapa, mensagens in proprias.items()
    }
    return Escolha(Mensagens(**prontas), tuple(recusados))


def utilizavel(template: Template) -> bool:
    """Whether a template of the tenant names only known facts and closes its brackets."""
    try:
        conferir(template.texto)
        conferir(template.assunto)
    except PermanentError:
        # The caller names the template to the person who approves the campaign.
        return False
    return bool(template.texto.strip())


def com_saida(texto: str) -> str:
    """The text with a line that says how to stop the messages."""
    return texto if _SAIDA.search(texto) else f"{texto}\n\n{biblioteca().rodape}"


def apresentacao_de(trechos: Sequence[Trecho]) -> str | None:
    """The sentence with which the tenant presents itself, from its own knowledge base, or None.

    Only a passage whose title says that it presents the company is taken: nothing is claimed that
    the tenant did not write.
    """
    for trecho in trechos:
        titulo = _dobrado(trecho.titulo)
        if any(titulo.startswith(inicio) for inicio in _TITULOS):
            frase = _FIM_DE_FRASE.split(" ".join(trecho.texto.split()))[0]
            frase = re.sub(r"[{}\[\]]", "", frase).strip()
            if frase and len(frase) <= _APRESENTACAO_MAXIMO:
                return frase if frase[-1] in ".!?" else f"{frase}."
    return None


def previas(mensagens: Mensagens, leads: Sequence[Lead], tenant: TenantFacts) -> tuple[str, ...]:
    """The first message as the first three leads would get it, variants in turn."""
    prontas = []
    for indice, lead in enumerate(leads[:3]):
        variante = mensagens.topo[indice % len(mensagens.topo)]
        fatos = fatos_do_lead(lead, tenant)
        texto = render(variante.texto, fatos)
        if variante.assunto:
            texto = f"Assunto: {render(variante.assunto, fatos)}\n\n{texto}"
        prontas.append(texto)
    return tuple(prontas)


def _da_casa(canal: str, template: Template) -> Mensagem:
    if canal != "email":
        return Mensagem(template.texto.strip())
    return Mensagem(com_saida(template.texto.strip()), template.assunto.strip() or ASSUNTO_PADRAO)


def _completar(
    etapa: str, proprias: Sequence[Mensagem], apresentacao: str | None
) -> tuple[Mensagem, ...]:
    padrao = [_apresentar(modelo.mensagem, apresentacao) for modelo in biblioteca().da_etapa(etapa)]
    faltam = max(0, VARIANTES - len(proprias))
    return (*proprias[:VARIANTES], *padrao[len(padrao) - faltam :])


def _apresentar(mensagem: Mensagem, apresentacao: str | None) -> Mensagem:
    texto = mensagem.texto.replace(APRESENTACAO, apresentacao or "")
    texto = re.sub(r"[^\S\n]+\n", "\n", texto)
    return Mensagem(re.sub(r"\n{3,}", "\n\n", texto).strip(), mensagem.assunto)


def _dobrado(texto: str) -> str:
    decomposto = unicodedata.normalize("NFKD", texto.casefold())
    return " ".join("".join(c for c in decomposto if not unicodedata.combining(c)).split())
