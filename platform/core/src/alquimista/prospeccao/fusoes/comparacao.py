"""Comparing an import's leads with all leads of the tenant, step by step.

Each step is a timer's own short transaction over ``PASSO`` leads in the order of their ids, so a
large import neither holds a lock for long nor much memory. Who may be alike is found by indexes
(phone, CNPJ, e-mail domain, DDD with first letters); blocks that are too large to tell anything
are left out with a note in the log. Running a step again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, select, text

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.fusoes import domain
from alquimista.prospeccao.fusoes.domain import Perfil, Semelhanca
from alquimista.prospeccao.fusoes.models import FusaoBloco
from alquimista.prospeccao.fusoes.supressao import suprimidos
from alquimista.prospeccao.leads.domain import FINAL
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.runtime.ports import Ports

logger = logging.getLogger(__name__)
PASSO = 1_000
IGUAIS_MAXIMO = 20
"""Leads that share a phone or a CNPJ: beyond this it is a switchboard, not one company's lead."""
PARECIDOS_MAXIMO = 50
"""Leads of a block of names."""
_COLUMNS = "id, empresa, cnpj, email_norm, telefone_norm, status, created_at"
_PROFILE = [LEADS.c[name.strip()] for name in _COLUMNS.split(",")]
Pares = dict[UUID, tuple[Perfil, Perfil, Semelhanca]]


def _block(source: str) -> TextClause:
    """At most ``maximo`` + 1 living leads of each key: one more tells that a block is too large."""
    return text(
        f"SELECT k.chave, l.* FROM unnest(CAST(:chaves AS text[])) AS k(chave) "
        f"CROSS JOIN LATERAL ({source} LIMIT :maximo + 1) AS l"
    )


_LIVING = "status NOT IN ('descadastrado', 'bloqueado')"
_BY_COLUMN = {
    name: _block(
        f"SELECT {_COLUMNS} FROM nigredo_leads.leads "
        f"WHERE tenant_id = :tenant AND {name} = k.chave AND {_LIVING}"
    )
    for name in ("telefone_norm", "cnpj")
}
_BY_BLOCK = {
    name: _block(
        f"SELECT {', '.join(f'v.{c.name}' for c in _PROFILE)} FROM nigredo_leads.fusao_blocos b "
        "JOIN nigredo_leads.leads v ON v.tenant_id = b.tenant_id AND v.id = b.id "
        f"WHERE b.tenant_id = :tenant AND b.{name} = k.chave AND v.{_LIVING}"
    )
    for name in ("dominio", "inicio")
}


_REMEMBER = text(
    """
    INSERT INTO nigredo_leads.fusao_blocos (tenant_id, id, importacao_id, dominio, inicio, versao)
    SELECT :tenant, u.id, :importacao, u.dominio, u.inicio, 1 FROM unnest(
        CAST(:ids AS uuid[]), CAST(:dominios AS text[]), CAST(:inicios AS text[])
    ) AS u(id, dominio, inicio) ON CONFLICT DO NOTHING
    """
)
_SUGGEST = text(
    """
    INSERT INTO nigredo_leads.fusoes
        (tenant_id, id, lead_id, outro_id, motivo, escore, status, created_at, versao)
    SELECT :tenant, u.*, 'sugerida', :agora, 1 FROM unnest(
        CAST(:ids AS uuid[]), CAST(:ficam AS uuid[]), CAST(:saem AS uuid[]),
        CAST(:motivos AS text[]), CAST(:escores AS integer[])
    ) AS u ON CONFLICT DO NOTHING
    """
)
"""One statement for a whole step: row by row they cost more than all comparisons."""


def passo(ports: Ports, uow: UnitOfWork, importacao_id: UUID) -> None:
    """Compare the next leads of an import, and set the timer again where more are left."""
    chunk = _next_leads(uow, importacao_id)
    if not chunk:
        return
    _remember(uow, importacao_id, chunk)
    living = [perfil for perfil in chunk if perfil.status not in FINAL]
    pairs = _pairs(uow, importacao_id, living)
    _suggest(ports, uow, pairs)
    if len(chunk) == PASSO:
        ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora, domain.TIMER, importacao_id)


def perfil_de(row: Row[Any]) -> Perfil:
    """What of a lead's row is compared."""
    return Perfil(
        row.id,
        row.empresa,
        row.cnpj,
        row.email_norm,
        row.telefone_norm,
        row.status,
        row.created_at,
    )


def _next_leads(uow: UnitOfWork, importacao_id: UUID) -> list[Perfil]:
    last = uow.connection.execute(
        select(FusaoBloco.id)
        .where(FusaoBloco.tenant_id == uow.tenant_id, FusaoBloco.importacao_id == importacao_id)
        .order_by(FusaoBloco.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    query = select(*_PROFILE).where(
        LEADS.c.tenant_id == uow.tenant_id, LEADS.c.importacao_id == importacao_id
    )
    if last is not None:
        query = query.where(LEADS.c.id > last)
    rows = uow.connection.execute(query.order_by(LEADS.c.id).limit(PASSO))
    return [perfil_de(row) for row in rows]


def _remember(uow: UnitOfWork, importacao_id: UUID, chunk: Sequence[Perfil]) -> None:
    uow.connection.execute(
        _REMEMBER,
        {
            "tenant": uow.tenant_id,
            "importacao": importacao_id,
            "ids": [str(perfil.id) for perfil in chunk],
            "dominios": [domain.dominio_corporativo(perfil.email_norm) for perfil in chunk],
            "inicios": [domain.inicio(perfil) for perfil in chunk],
        },
    )


def _pairs(uow: UnitOfWork, importacao_id: UUID, chunk: Sequence[Perfil]) -> Pares:
    """The likenesses of a chunk's leads, each pair once under its id."""
    found: Pares = {}
    for name, query in _BY_COLUMN.items():
        blocks = _blocks(uow, query, chunk, attrgetter(name), IGUAIS_MAXIMO, importacao_id)
        for perfil, others in blocks:
            _add(found, perfil, others)
    alike: dict[UUID, tuple[Perfil, dict[UUID, Perfil]]] = {}
    keys: Mapping[str, Callable[[Perfil], str | None]] = {
        "dominio": lambda p: domain.dominio_corporativo(p.email_norm),
        "inicio": domain.inicio,
    }
    for name, query in _BY_BLOCK.items():
        for perfil, others in _blocks(
            uow, query, chunk, keys[name], PARECIDOS_MAXIMO, importacao_id
        ):
            alike.setdefault(perfil.id, (perfil, {}))[1].update({o.id: o for o in others})
    for perfil, by_id in alike.values():
        _add_best(found, perfil, by_id)
    return found


def _blocks(
    uow: UnitOfWork,
    query: TextClause,
    chunk: Sequence[Perfil],
    key_of: Callable[[Perfil], str | None],
    maximo: int,
    importacao_id: UUID,
) -> Iterable[tuple[Perfil, list[Perfil]]]:
    """Each lead of a chunk with the leads of its block."""
    keyed = [(perfil, key) for perfil in chunk if (key := key_of(perfil)) is not None]
    rows = uow.connection.execute(
        query,
        {
            "tenant": uow.tenant_id,
            "chaves": sorted({key for _, key in keyed}),
            "maximo": maximo,
        },
    )
    blocks: dict[str, list[Perfil]] = {}
    for row in rows:
        blocks.setdefault(row.chave, []).append(perfil_de(row))
    large = sum(len(block) > maximo for block in blocks.values())
    if large:
        logger.info(
            "blocks left out of the comparison: they are too large",
            extra={"importacao_id": str(importacao_id), "blocks": large, "limit": maximo},
        )
    for perfil, key in keyed:
        block = blocks.get(key, [])
        if 1 < len(block) <= maximo:
            yield perfil, block


def _add(found: Pares, perfil: Perfil, others: Iterable[Perfil]) -> None:
    for other in others:
        likeness = domain.comparar(perfil, other)
        if likeness is not None:
            fica, sai = domain.em_ordem(perfil, other)
            found.setdefault(domain.id_do_par(fica.id, sai.id), (fica, sai, likeness))


def _add_best(found: Pares, perfil: Perfil, by_id: Mapping[UUID, Perfil]) -> None:
    """Names: only the best of a lead's look-alikes that nothing stronger has paired with it."""
    likely = []
    for other_id, other in by_id.items():
        likeness = domain.comparar(perfil, other)
        if likeness is not None and likeness.motivo == "nome":
            likely.append((other_id, likeness))
    _add(found, perfil, [by_id[other_id] for other_id, _ in domain.melhores_nomes(likely)])


def _suggest(ports: Ports, uow: UnitOfWork, pairs: Pares) -> None:
    people = {p.id: p for fica, sai, _ in pairs.values() for p in (fica, sai)}
    if not people:
        return
    blocked = suprimidos(ports, uow, people.values())
    chosen = [
        (pair_id, fica.id, sai.id, likeness)
        for pair_id, (fica, sai, likeness) in pairs.items()
        if not {fica.id, sai.id} & blocked
    ]
    uow.connection.execute(
        _SUGGEST,
        {
            "tenant": uow.tenant_id,
            "agora": uow.agora,
            "ids": [str(pair_id) for pair_id, _, _, _ in chosen],
            "ficam": [str(fica) for _, fica, _, _ in chosen],
            "saem": [str(sai) for _, _, sai, _ in chosen],
            "motivos": [likeness.motivo for *_, likeness in chosen],
            "escores": [likeness.escore for *_, likeness in chosen],
        },
    )
