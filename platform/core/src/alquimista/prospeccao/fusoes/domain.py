"""Rules of merges (decision 10): who looks like whom, who stays, what is taken over, what undone.

Nothing here merges by itself: a likeness is a suggestion that a person decides on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from rapidfuzz.distance import JaroWinkler

from alquimista.prospeccao.folding import folded
from alquimista.prospeccao.leads.domain import posicao

TIMER = "fusoes"
ESPERA = timedelta(minutes=1)
"""How long after an import was read its leads are compared: lots and campaigns come first."""
MOTIVOS = ("telefone", "cnpj", "nome")
STATUS = ("sugerida", "feita", "desfeita", "recusada")
ESCORE_MINIMO = 92
"""Jaro-Winkler of 0.92, in hundredths."""
NOMES_POR_LEAD = 3
"""Look-alikes by name that one lead is suggested with: the best ones."""
LETRAS = 4
"""Letters that two names of a block share at their start: Winkler's bonus counts as many."""
_NOME_MINIMO = 3
_RAIZ = 8
"""The first characters of a CNPJ name the company, the rest its branch."""
_SUFIXOS = frozenset({"ltda", "limitada", "sa", "s", "a", "me", "mei", "epp", "eireli", "cia"})
_GENERICAS = frozenset(
    re.findall(
        r"\w+",
        "comercial comercio industria industrial industrias distribuidora metalurgica grupo "
        "empresa construtora transportadora transportes auto centro casa clinica escritorio "
        "associacao companhia cia de da do das dos e",
    )
)
"""A block under such a word would hold half of a city; the block is that of the next word."""
PROVEDORES = frozenset(
    re.findall(
        r"\S+",
        "gmail.com googlemail.com hotmail.com hotmail.com.br outlook.com outlook.com.br live.com "
        "msn.com yahoo.com yahoo.com.br ymail.com icloud.com me.com mac.com bol.com.br uol.com.br "
        "terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br zipmail.com.br "
        "superig.com.br itelefonica.com.br aol.com proton.me protonmail.com gmx.com zoho.com "
        "mail.com",
    )
)
"""Mailbox providers: a shared domain of theirs says nothing about the company."""
GRUPOS = (
    ("telefone", "telefone_norm", "whatsapp_id"),
    ("email", "email_norm"),
    ("cidade", "uf"),
    ("contato",),
    ("cnpj",),
    ("setor",),
    ("porte",),
    ("porte_receita",),
    ("atividade_principal",),
)
"""Fields that are taken over together, so that no phone is paired with another's WhatsApp id."""


@dataclass(frozen=True, slots=True)
class Perfil:
    """What of a lead is compared."""

    id: UUID
    empresa: str
    cnpj: str | None
    email_norm: str | None
    telefone_norm: str | None
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Semelhanca:
    """Why two leads may be one; ``escore`` 0 to 100. The last two break ties."""

    motivo: str
    escore: int
    mesmo_dominio: bool
    mesmo_ddd: bool


@lru_cache(maxsize=50_000)
def dobrar(nome: str) -> str:
    """A company's name to compare: lower case, no accents or signs, no legal form at its end."""
    plain = folded(nome)
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    kept = len(words)
    while kept > 1 and words[kept - 1] in _SUFIXOS:
        kept -= 1
    return " ".join(words[:kept])


def dominio_corporativo(email_norm: str | None) -> str | None:
    """The domain of an address, unless it is a mailbox provider's."""
    _, _, domain = (email_norm or "").rpartition("@")
    return domain if domain and domain not in PROVEDORES else None


def ddd(telefone_norm: str | None) -> str | None:
    """The area code of a Brazilian phone in E.164."""
    if telefone_norm is None or not telefone_norm.startswith("+55") or len(telefone_norm) < 12:
        return None
    return telefone_norm[3:5]


def inicio(perfil: Perfil) -> str | None:
    """The block of a name: DDD and the first letters of its first telling word."""
    area = ddd(perfil.telefone_norm)
    words = dobrar(perfil.empresa).split()
    telling = [word for word in words if word not in _GENERICAS] or words
    letters = "".join(telling)[:LETRAS]
    return f"{area}{letters}" if area and letters else None


def id_do_par(um: UUID, outro: UUID) -> UUID:
    """The id of a pair's one row, whichever of the two is named first."""
    first, second = sorted((um, outro))
    return uuid5(first, str(second))


def comparar(um: Perfil, outro: Perfil) -> Semelhanca | None:
    """Why two leads may be one, or None: the same phone, the same CNPJ, or names alike.

    Names count only where the corporate domain or the DDD is the same and no two different
    companies' CNPJs stand against it.
    """
    if um.id == outro.id:
        return None
    domain = dominio_corporativo(um.email_norm)
    area = ddd(um.telefone_norm)
    same_domain = domain is not None and domain == dominio_corporativo(outro.email_norm)
    same_area = area is not None and area == ddd(outro.telefone_norm)
    if um.telefone_norm is not None and um.telefone_norm == outro.telefone_norm:
        return Semelhanca("telefone", 100, same_domain, same_area)
    if um.cnpj is not None and um.cnpj == outro.cnpj:
        return Semelhanca("cnpj", 100, same_domain, same_area)
    if not (same_domain or same_area) or _outra_empresa(um, outro):
        return None
    score = escore_dos_nomes(um.empresa, outro.empresa)
    if score < ESCORE_MINIMO:
        return None
    return Semelhanca("nome", score, same_domain, same_area)


def escore_dos_nomes(um: str, outro: str) -> int:
    """Jaro-Winkler of two folded names in hundredths, rounded down; 0 for names of a letter or two.

    Compared in order, since Jaro's greedy matching may see two texts differently from each side.
    """
    first, second = sorted((dobrar(um), dobrar(outro)))
    if min(len(first), len(second)) < _NOME_MINIMO:
        return 0
    return int(JaroWinkler.similarity(first, second) * 100 + 1e-9)


def melhores_nomes(achados: Iterable[tuple[UUID, Semelhanca]]) -> list[tuple[UUID, Semelhanca]]:
    """The best look-alikes by name: by score, then the same domain, then the same DDD."""
    ranked = sorted(
        achados,
        key=lambda item: (
            -item[1].escore,
            not item[1].mesmo_dominio,
            not item[1].mesmo_ddd,
            item[0],
        ),
    )
    return ranked[:NOMES_POR_LEAD]


def em_ordem(um: Perfil, outro: Perfil) -> tuple[Perfil, Perfil]:
    """Who stays, and who goes: the one further in the funnel, else the older one."""
    first, second = sorted((um, outro), key=lambda p: (-posicao(p.status), p.created_at, p.id))
    return first, second


def campos_tomados(fica: Mapping[str, Any], sai: Mapping[str, Any]) -> dict[str, Any]:
    """What the one that stays lacks and the other has.

    A field of a group is taken only where the two agree in what both have of the group. A pause
    comes along: a person is still to decide.
    """
    taken: dict[str, Any] = {}
    for group in GRUPOS:
        both = [f for f in group if fica[f] is not None and sai[f] is not None]
        if all(fica[f] == sai[f] for f in both):
            taken |= {f: sai[f] for f in group if fica[f] is None and sai[f] is not None}
    if sai["pausado"] and not fica["pausado"]:
        taken |= {"pausado": True, "pausa_motivo": sai["pausa_motivo"]}
    return taken


def restaurar(
    atual: Mapping[str, Any], antes: Mapping[str, Any], depois: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What to set so that a row is as before, and the fields that somebody changed since."""
    untouched = {name: antes[name] for name in depois if atual[name] == depois[name]}
    return untouched, sorted(set(depois) - set(untouched))


def _outra_empresa(um: Perfil, outro: Perfil) -> bool:
    return bool(um.cnpj and outro.cnpj and um.cnpj[:_RAIZ] != outro.cnpj[:_RAIZ])
