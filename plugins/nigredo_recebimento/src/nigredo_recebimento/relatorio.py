"""The report of nonconformities: what was not taken, by class, in figures and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from alquimista_sdk.models import REJEITO_CLASSES, LeadHigienizado, Rejeito

_CLASSE: Final[Mapping[str, tuple[str, str]]] = {
    "invalid_data": ("com dado inválido", "com dados inválidos"),
    "duplicate": ("repetida", "repetidas"),
    "blocked_pf": ("de pessoa física", "de pessoas físicas"),
    "no_channel": ("sem canal válido", "sem canal válido"),
    "suppressed": ("de quem pediu para não ser contatado", "de quem pediu para não ser contatado"),
}


@dataclass(slots=True)
class Inconformidades:
    """Counts of one import, added up batch by batch."""

    aceitos: int = 0
    por_classe: Counter[str] = field(default_factory=Counter)
    por_aviso: Counter[str] = field(default_factory=Counter)

    def aceitar(self, leads: Iterable[LeadHigienizado | None]) -> None:
        """Count rows that became leads, with their warnings; None is a row that did not."""
        for lead in leads:
            if lead is not None:
                self.aceitos += 1
                if lead.avisos:
                    self.por_aviso.update(lead.avisos)

    def rejeitar(self, rejeitos: Iterable[Rejeito]) -> None:
        """Count rows that were not taken."""
        self.por_classe.update(rejeito.classe for rejeito in rejeitos)

    @property
    def rejeitados(self) -> int:
        """All rejects."""
        return self.por_classe.total()

    def metadata(self) -> dict[str, dict[str, int]]:
        """The counts as plain data, by class and by warning."""
        return {
            "inconformidades": {
                classe: self.por_classe[classe]
                for classe in REJEITO_CLASSES
                if self.por_classe[classe]
            },
            "avisos": dict(sorted(self.por_aviso.items())),
        }

    def resumo(self) -> str:
        """One sentence for people."""
        leads = "1 lead aceito" if self.aceitos == 1 else f"{_milhar(self.aceitos)} leads aceitos"
        if not self.rejeitados:
            return f"{leads}, nenhuma linha rejeitada."
        partes = [
            f"{_milhar(quantas)} {_CLASSE[classe][quantas != 1]}"
            for classe in REJEITO_CLASSES
            if (quantas := self.por_classe[classe])
        ]
        linhas = (
            "1 linha rejeitada"
            if self.rejeitados == 1
            else (f"{_milhar(self.rejeitados)} linhas rejeitadas")
        )
        return f"{leads}, {linhas}: {', '.join(partes)}."


def _milhar(numero: int) -> str:
    return f"{numero:,}".replace(",", ".")
