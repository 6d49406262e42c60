"""Who writes a tenant's answers: our writer, or a language model that gets no personal data."""

from __future__ import annotations

from typing import Any

from alquimista.plataforma.tenants.leitura import ConfiguracaoInvalida, text_of

EMBUTIDO, MODELO_DE_LINGUAGEM = "embutido", "modelo_de_linguagem"
REDATORES = (EMBUTIDO, MODELO_DE_LINGUAGEM)
"""``embutido``: nothing leaves. The other is an operator of the tenant's data (LGPD, art. 39)."""


def read_redator(campo: str, value: Any) -> str:
    """One of ``REDATORES``. Raises ``ConfiguracaoInvalida``."""
    found = text_of(campo, value)
    if found not in REDATORES:
        raise ConfiguracaoInvalida(campo, f"escolha {' ou '.join(REDATORES)}")
    return found
