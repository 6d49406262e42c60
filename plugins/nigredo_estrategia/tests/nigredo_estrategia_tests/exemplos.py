"""Rows that the tests start from."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from alquimista_sdk.models import Lead, Lote, PerfilIdeal, Template, TenantFacts, Trecho
from alquimista_sdk.testing import TENANT_ID

ESPACO = UUID("00000000-0000-4000-8000-0000000000aa")
LOTE = Lote(
    id=uuid5(ESPACO, "lote"),
    nome="Indústria · ME · Sudeste",
    segmento="Indústria · ME",
    prioridade="A",
    quantidade=4,
    setor="Indústria",
    porte="ME",
)
TENANT = TenantFacts(TENANT_ID, "Aurora Sistemas", perfil_ideal=PerfilIdeal())
TRECHO = Trecho(
    uuid5(ESPACO, "trecho"),
    "O que fazemos",
    "Ajudamos indústrias a controlar pedidos, estoque e produção. Temos 12 anos de mercado.",
    0.9,
)


def lead(numero: int, **campos: Any) -> Lead:
    """A lead of the lot; ``campos`` replace its defaults."""
    valores: dict[str, Any] = {
        "id": uuid5(ESPACO, f"lead {numero}"),
        "empresa": f"NOVA METAIS {numero} LTDA",
        "status": "enriquecido",
        "contato": "Ana Lima",
        "email": f"ana@foz{numero}.com.br",
        "setor": "Indústria",
        "cidade": "Campinas",
        "uf": "SP",
        "prioridade": 90 - numero,
        "lote_id": LOTE.id,
    }
    return Lead(**(valores | campos))


def template(etapa: str, variante: str, texto: str, **campos: Any) -> Template:
    """A template of the tenant, e-mail and approved unless said otherwise."""
    valores: dict[str, Any] = {
        "id": uuid5(ESPACO, f"{etapa}{variante}{texto}"),
        "nome": f"{etapa} {variante}",
        "canal": "email",
        "etapa": etapa,
        "variante": variante,
        "texto": texto,
        "assunto": "Oi, {empresa}",
    }
    return Template(**(valores | campos))


def todas_as_etapas(canal: str) -> tuple[Template, ...]:
    """Two approved templates of the tenant for every stage."""
    return tuple(
        template(etapa, variante, f"Olá, {{empresa}} ({etapa} {variante})", canal=canal)
        for etapa in ("topo", "meio", "fundo")
        for variante in ("A", "B")
    )
