"""Priority of a lead, 0 to 100: fit (0-60), reach (0-20) and urgency (0-20)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from alquimista_sdk.models import Lead, PerfilIdeal
from nigredo_recebimento.email import corporativo
from nigredo_recebimento.texto import dobrado

CLASSE_A, CLASSE_B = 80, 60
_SETOR, _PORTE, _REGIAO, _IDADE = (20, 8), (15, 6), (15, 6), (10, 4)
"""Points where the fact fits the ideal profile, and where it is not known."""
_EMAIL_CORPORATIVO, _EMAIL_GRATUITO = 10, 4
_CELULAR, _FIXO = 10, 5
_DIAS_POR_ANO: Final = 365.2425
_URGENCIA: Final = (
    (20, ("urgente", "urgencia", "imediato", "pediu contato", "pediu orcamento", "este mes")),
    (20, ("solicitou contato", "quer proposta", "solicitou proposta", "retornar hoje")),
    (12, ("indicacao", "indicado", "formulario", "site", "inbound", "webinar", "feira", "evento")),
    (8, ("orcamento", "proposta", "interesse", "interessado", "prazo")),
)
"""What a customer's own remarks say of timing, strongest first (words of the extra columns)."""

_NEGACOES: Final = frozenset({"sem", "nao", "nem", "nenhum", "nenhuma"})
_ALCANCE_DA_NEGACAO: Final = 3
"""Words before a remark within which a negation still speaks of it."""


@dataclass(frozen=True, slots=True)
class Prioridade:
    """A score with its parts; ``classe`` is A, B or C."""

    perfil: int
    alcance: int
    urgencia: int

    @property
    def total(self) -> int:
        """0 to 100."""
        return self.perfil + self.alcance + self.urgencia

    @property
    def classe(self) -> str:
        """A from 80, B from 60, C below."""
        return classe_de(self.total)


def classe_de(total: float) -> str:
    """The class of a score of 0 to 100."""
    if total >= CLASSE_A:
        return "A"
    return "B" if total >= CLASSE_B else "C"


def calcular(lead: Lead, perfil: PerfilIdeal, agora: datetime, abertura: str | None) -> Prioridade:
    """Score a lead. ``abertura`` is the company's opening date (ISO), where a source knows it.

    A criterion that the profile leaves open fits everybody; a fact that is not known gets a part
    of the points, since it speaks neither for nor against.
    """
    return Prioridade(
        perfil=_perfil(lead, perfil, _anos(abertura, agora)),
        alcance=_alcance(lead),
        urgencia=_urgencia(lead),
    )


def _perfil(lead: Lead, perfil: PerfilIdeal, idade: float | None) -> int:
    pontos = _um_de(lead.setor, perfil.setores, _SETOR)
    pontos += _um_de(lead.porte, perfil.portes, _PORTE)
    pontos += _um_de(lead.uf, perfil.ufs, _REGIAO)
    if perfil.idade_minima is None and perfil.idade_maxima is None:
        return pontos + _IDADE[0]
    if idade is None:
        return pontos + _IDADE[1]
    minima = perfil.idade_minima if perfil.idade_minima is not None else 0
    maxima = perfil.idade_maxima if perfil.idade_maxima is not None else float("inf")
    return pontos + (_IDADE[0] if minima <= idade <= maxima else 0)


def _um_de(valor: str | None, aceitos: frozenset[str], pontos: tuple[int, int]) -> int:
    if not aceitos:
        return pontos[0]
    if not valor:
        return pontos[1]
    return pontos[0] if dobrado(valor) in {dobrado(aceito) for aceito in aceitos} else 0


def _alcance(lead: Lead) -> int:
    pontos = 0
    if lead.email:
        pontos += _EMAIL_CORPORATIVO if corporativo(lead.email.lower()) else _EMAIL_GRATUITO
    if lead.telefone:
        celular = len(lead.telefone) == 14 and lead.telefone.startswith("+55")
        pontos += _CELULAR if celular else _FIXO
    return pontos


def _urgencia(lead: Lead) -> int:
    extras = lead.metadata.get("extras")
    if not isinstance(extras, dict):
        return 0
    texto = f" {dobrado(' '.join(_textos(extras.values())))} "
    for pontos, palavras in _URGENCIA:
        if any(_tem(texto, palavra) for palavra in palavras):
            return pontos
    return 0


def _textos(valores: Iterable[object]) -> Iterable[str]:
    return (valor for valor in valores if isinstance(valor, str))


def _tem(texto: str, palavra: str) -> bool:
    """Whole words, not denied shortly before ("sem interesse", "não é urgente")."""
    limpo = " ".join("".join(c if c.isalnum() else " " for c in texto).split())
    antes, achado, _ = f" {limpo} ".partition(f" {palavra} ")
    return bool(achado) and not _NEGACOES.intersection(antes.split()[-_ALCANCE_DA_NEGACAO:])


def _anos(abertura: str | None, agora: datetime) -> float | None:
    if not abertura:
        return None
    try:
        inicio = date.fromisoformat(abertura[:10])
    except ValueError:
        # A source's date that is no date is a fact that is not known.
        return None
    return (agora.date() - inicio).days / _DIAS_POR_ANO
