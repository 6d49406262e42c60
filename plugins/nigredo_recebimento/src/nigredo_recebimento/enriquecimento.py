"""What an outside source may add to a lead. What the customer gave is never overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from alquimista_sdk.models import Lead, LeadChanges
from nigredo_recebimento.linhas import LIMITES
from nigredo_recebimento.porte import PORTES, normalizar_uf
from nigredo_recebimento.texto import limpo

COLUNAS: Final = ("setor", "porte", "porte_receita", "atividade_principal", "cidade", "uf")
"""Columns that a source may fill where they are empty."""
FATOS: Final = ("abertura", "socios", "faturamento_faixa")
"""Facts without a column of their own; they are kept in the lead's metadata."""
FORA: Final = frozenset({"descadastrado", "bloqueado", "descartado"})
"""Statuses of leads that are out of the way."""
_PORTE_RECEITA_MAXIMO, _FATO_MAXIMO, _SOCIOS_MAXIMO = 50, 200, 20


@dataclass(frozen=True, slots=True)
class Enriquecimento:
    """What one source's answer changes.

    ``resultado`` is the column's value: ``enriquecido``, ``sandbox`` (the source is the sandbox's
    twin: counted apart), ``nao_encontrado`` or ``dispensado`` (nothing was asked).
    """

    resultado: str
    colunas: Mapping[str, Any] = field(default_factory=dict)
    fatos: Mapping[str, Any] = field(default_factory=dict)
    fonte: str = ""

    @property
    def preencheu(self) -> bool:
        """Whether the source added anything."""
        return bool(self.colunas or self.fatos)


DISPENSADO: Final = Enriquecimento("dispensado")
NAO_ENCONTRADO: Final = Enriquecimento("nao_encontrado")


def falta_algo(lead: Lead) -> bool:
    """Whether a source could add anything: a column of the lead is empty, or a fact not known.

    Who must not be contacted is not looked up either.
    """
    if lead.status in FORA:
        return False
    sabidos = lead.metadata.get("enriquecimento")
    return any(not getattr(lead, nome) for nome in COLUNAS if nome != "porte_receita") or not (
        isinstance(sabidos, Mapping) and "abertura" in sabidos
    )


def completo(lead: Lead, achado: Enriquecimento) -> Lead:
    """The lead as it is once the found columns are in, to be scored."""
    return replace(lead, **achado.colunas)


def pergunta(lead: Lead) -> dict[str, Any]:
    """The payload of the tool ``enrichment.company``."""
    return {
        "lead_id": str(lead.id),
        "cnpj": lead.cnpj,
        "empresa": lead.empresa,
        "email": lead.email,
        "uf": lead.uf,
    }


def ler_resposta(lead: Lead, resposta: Mapping[str, Any]) -> Enriquecimento:
    """Take from an answer what the lead lacks; a lead counts as found only if that is something.

    ``porte`` is taken only where it is MEI, ME, EPP, Média or Grande: the Receita Federal's DEMAIS
    is no size and stays in ``porte_receita`` as it came.
    """
    campos = resposta.get("campos")
    if not resposta.get("encontrado") or not isinstance(campos, Mapping):
        return NAO_ENCONTRADO
    colunas = {
        nome: valor
        for nome in COLUNAS
        if not getattr(lead, nome) and (valor := _coluna(nome, campos.get(nome)))
    }
    ja_tem = lead.metadata.get("enriquecimento")
    sabidos = ja_tem if isinstance(ja_tem, Mapping) else {}
    fatos = {
        nome: valor
        for nome in FATOS
        if nome not in sabidos and (valor := _fato(nome, campos.get(nome)))
    }
    if not colunas and not fatos:
        return NAO_ENCONTRADO
    return Enriquecimento(
        resultado="sandbox" if resposta.get("sandbox") else "enriquecido",
        colunas=colunas,
        fatos=fatos,
        fonte=limpo(str(resposta.get("fonte") or "")),
    )


def mudancas(lead: Lead, achado: Enriquecimento, prioridade: int) -> LeadChanges:
    """The write that follows: fields, result and priority; ``enriquecido`` only where filled."""
    metadata: dict[str, Any] | None = None
    if achado.preencheu:
        antes = lead.metadata.get("enriquecimento")
        metadata = {
            "enriquecimento": {
                **(antes if isinstance(antes, Mapping) else {}),
                **achado.fatos,
                "fonte": achado.fonte,
                "sandbox": achado.resultado == "sandbox",
                "campos": sorted((*achado.colunas, *achado.fatos)),
            }
        }
    return LeadChanges(
        status="enriquecido" if achado.preencheu else None,
        prioridade=prioridade,
        enriquecimento=achado.resultado,
        metadata=metadata,
        **achado.colunas,
    )


def abertura_de(lead: Lead, achado: Enriquecimento) -> str | None:
    """The company's opening date, from this answer or an earlier one."""
    valor = achado.fatos.get("abertura")
    if valor is None:
        antes = lead.metadata.get("enriquecimento")
        valor = antes.get("abertura") if isinstance(antes, Mapping) else None
    return valor if isinstance(valor, str) else None


def _coluna(nome: str, valor: object) -> str | None:
    texto = limpo(valor) if isinstance(valor, str) else ""
    if not texto:
        return None
    if nome == "porte":
        return texto if texto in PORTES else None
    if nome == "uf":
        return normalizar_uf(texto)
    return texto[: LIMITES.get(nome, _PORTE_RECEITA_MAXIMO)].rstrip()


def _fato(nome: str, valor: object) -> Any:
    if nome == "socios":
        if not isinstance(valor, list | tuple):
            return None
        nomes = [limpo(item)[:_FATO_MAXIMO] for item in valor if isinstance(item, str)]
        return [item for item in nomes if item][:_SOCIOS_MAXIMO]
    return limpo(valor)[:_FATO_MAXIMO] if isinstance(valor, str) else None
