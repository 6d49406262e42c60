"""A tenant's consent to learning from its people's corrections, with the purpose that it is for.

Source of the rule: LGPD, art. 6, I and art. 8, § 4: a consent names its purpose; a general one is
void.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FINALIDADE = "melhoria do modelo"
"""The one purpose that corrections may be used for."""


@dataclass(frozen=True, slots=True)
class Aprendizado:
    """Whether the tenant agrees, and to what; off until somebody says otherwise."""

    ativo: bool = False
    finalidade: str | None = None

    @property
    def valido(self) -> bool:
        """Whether a consent names its purpose."""
        return not self.ativo or self.finalidade == FINALIDADE

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"ativo": self.ativo, "finalidade": self.finalidade}
