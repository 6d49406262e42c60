"""The record of processing operations that a controller keeps (LGPD, art. 37)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.tenants.domain import Configuracoes
from alquimista.plataforma.tenants.redacao import MODELO_DE_LINGUAGEM
from alquimista.plataforma.tenants.service import TenantService
from alquimista.prospeccao.finalidades.consulta import registro
from alquimista.prospeccao.finalidades.domain import (
    BASES,
    FINALIDADE_DO_TIPO,
    RELATORIOS,
    Finalidade,
)

TITULARES = "contatos profissionais de empresas"
SEGURANCA = (
    "isolamento de cada conta no banco de dados",
    "dados pessoais cifrados em eventos e na auditoria, sob uma chave por pessoa",
    "acesso por papel, auditado, com verificação em duas etapas",
    "dados pessoais ocultos nos registros técnicos",
)
_COMPARTILHA: Mapping[str, tuple[str, ...]] = {
    "prospeccao": ("provedor de e-mail", "WhatsApp"),
    "atendimento": ("provedor de e-mail", "WhatsApp"),
    "agendamento": ("provedor de e-mail", "WhatsApp", "calendário"),
    "enriquecimento": ("fonte de dados de empresas",),
}
"""Purpose → whom data go to when it is at work."""
_MODELO = "modelo de linguagem, sem dados pessoais"
"""Whom answers go to where the account has chosen it."""
CONFERENCIA: Mapping[str, str] = {
    **dict.fromkeys(FINALIDADE_DO_TIPO.values(), "a cada envio"),
    "enriquecimento": "a cada consulta",
    "relatorios": "a cada relatório, para as objeções",
}
"""Purpose → when the system itself asks whether a lead's data may be used."""
_REDIGE = ("atendimento", RELATORIOS)
"""Purposes that have texts written."""
_NA_CONTA = "pela conta, na ativação da finalidade"
_COUNTS = text(
    """
    SELECT finalidade, count(*) FILTER (WHERE retirado_em IS NULL) AS proprias,
           count(*) FILTER (WHERE retirado_em IS NOT NULL) AS retiradas
    FROM (
        SELECT DISTINCT ON (lead_id, finalidade) finalidade, retirado_em
        FROM nigredo_leads.bases_legais WHERE tenant_id = :tenant
        ORDER BY lead_id, finalidade, numero DESC
    ) AS vigentes GROUP BY finalidade
    """
)
COLUNAS = (
    "finalidade",
    "titulo",
    "ativa",
    "descricao",
    "base_legal",
    "fundamento",
    "titulares",
    "dados",
    "compartilhamento",
    "retencao_dias",
    "conferencia",
    "leads_com_base_propria",
    "leads_que_retiraram",
    "interesse",
    "necessidade",
    "impacto",
    "salvaguardas",
)


def record_of_processing(uow: UnitOfWork, tenants: TenantService) -> dict[str, Any]:
    """Who uses which data of whom, what for, on which basis, for how long, shared with whom."""
    facts, settings = tenants.facts_and_settings(uow)
    counts = {row.finalidade: row for row in uow.connection.execute(_COUNTS, _tenant(uow))}
    return {
        "controlador": facts.nome,
        "contato": facts.email_remetente,
        "gerado_em": uow.agora,
        "seguranca": list(SEGURANCA),
        "operacoes": [
            _operation(each, counts.get(each.finalidade), settings) for each in registro(uow)
        ],
    }


def rows_of(found: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """The operations of a record as rows of ``COLUNAS``, lists joined."""
    for operation in found["operacoes"]:
        flat = {**operation, **(operation["lia"] or {})}
        yield [_cell(flat.get(name)) for name in COLUNAS]


def _operation(finalidade: Finalidade, count: Any, settings: Configuracoes) -> dict[str, Any]:
    nome = finalidade.finalidade
    compartilha = list(_COMPARTILHA.get(nome, ()))
    if nome in _REDIGE and settings.redator == MODELO_DE_LINGUAGEM:
        compartilha.append(_MODELO)
    return {
        "finalidade": nome,
        "titulo": finalidade.titulo,
        "ativa": finalidade.ativa,
        "descricao": finalidade.descricao,
        "base_legal": finalidade.base_legal,
        "fundamento": BASES[finalidade.base_legal][1],
        "titulares": TITULARES,
        "dados": list(finalidade.dados),
        "compartilhamento": compartilha,
        "retencao_dias": settings.retencao_dias,
        "conferencia": CONFERENCIA.get(nome, _NA_CONTA),
        "leads_com_base_propria": count.proprias if count is not None else 0,
        "leads_que_retiraram": count.retiradas if count is not None else 0,
        "lia": asdict(finalidade.lia) if finalidade.lia is not None else None,
    }


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "sim" if value else "não"
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def _tenant(uow: UnitOfWork) -> dict[str, Any]:
    return {"tenant": uow.tenant_id}
