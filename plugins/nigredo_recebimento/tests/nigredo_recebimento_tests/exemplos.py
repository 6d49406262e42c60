"""Rows that the tests start from."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from alquimista_sdk.models import Lead, LinhaBruta, PerfilIdeal, TenantFacts
from alquimista_sdk.testing import TENANT_ID

ESPACO = UUID("00000000-0000-4000-8000-0000000000bb")
COLUNAS = dict(
    zip(
        (
            "empresa",
            "cnpj",
            "contato",
            "telefone",
            "email",
            "setor",
            "porte",
            "atividade_principal",
            "cidade",
            "uf",
        ),
        "ABCDEFGHIJ",
        strict=True,
    )
)
TENANT = TenantFacts(
    TENANT_ID,
    "Aurora Sistemas",
    ddd_padrao="11",
    perfil_ideal=PerfilIdeal(
        setores=frozenset({"Indústria"}), portes=frozenset({"ME", "EPP"}), ufs=frozenset({"SP"})
    ),
)


def linha(
    numero: int = 2,
    *,
    planilha: str = "Leads",
    extras: dict[str, str] | None = None,
    **valores: str,
) -> LinhaBruta:
    """A raw row; ``valores`` replace those of a good one."""
    bons = {
        "empresa": "Foz Metais Ltda",
        "contato": "Ana Lima",
        "telefone": "(11) 98765-4321",
        "email": "ana@fozmetais.com.br",
    }
    return LinhaBruta(planilha, numero, bons | valores, COLUNAS, extras or {})


def lead(numero: int, **campos: Any) -> Lead:
    """A staged lead; ``campos`` replace its defaults."""
    valores: dict[str, Any] = {
        "id": uuid5(ESPACO, f"lead {numero}"),
        "empresa": f"Empresa {numero}",
        "status": "novo",
        "email": f"ana@empresa{numero}.com.br",
    }
    return Lead(**(valores | campos))
