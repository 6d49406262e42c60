"""Use cases of the knowledge base: entries, their versions, and what answers a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, insert, select, text

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.prospeccao.conhecimento import domain
from alquimista.prospeccao.conhecimento.domain import Passagem
from alquimista.prospeccao.conhecimento.leitura import Entrada, Lida, conferir, entrada_de, plain
from alquimista.prospeccao.conhecimento.models import Conhecimento, ConhecimentoVersao
from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import Trecho

CONHECIMENTO = table_of(Conhecimento)
VERSOES = table_of(ConhecimentoVersao)
ENTRADAS_MAXIMO = 1_000
VERSOES_GUARDADAS = 20
_CAMPOS = ("titulo", "texto", "palavras", "etiquetas", "ativo")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant || '/conhecimento', 0))")
Confere = Callable[[int], None]


class EntradaInvalida(PermanentError):
    """An entry is not complete, or too long."""

    code = "entrada_invalida"


class BaseCheia(PermanentError):
    """The account has as many entries as there may be."""

    code = "base_de_conhecimento_cheia"
    http_status = HTTPStatus.CONFLICT


class NadaARestaurar(PermanentError):
    """There is no such earlier version of the entry."""

    code = "nada_a_restaurar"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Importadas:
    """What an import did: ids of new and of replaced entries, and what was refused, by line."""

    criadas: tuple[UUID, ...]
    substituidas: tuple[UUID, ...]
    rejeitadas: tuple[Lida, ...]


def add(uow: UnitOfWork, titulo: str, texto: str, palavras: str = "") -> UUID:
    """Keep a passage that the tenant stands by, without an audit entry; answers its id."""
    return _insert(uow, uuid4(), Entrada(titulo, texto, palavras), ativo=True)


def create(uow: UnitOfWork, entrada: Entrada, ator: Ator, *, ativo: bool) -> UUID:
    """Add an entry; agents read it where it is ``ativo``.

    Raises:
        EntradaInvalida: it is not complete, or too long.
        BaseCheia: the account has ``ENTRADAS_MAXIMO`` entries.
    """
    _require(entrada)
    _lock(uow)
    _require_room(uow, 1)
    entrada_id = _insert(uow, uuid4(), entrada, ativo=ativo)
    _note(uow, ator, "conhecimento.criado", entrada_id, depois=_shown(entrada.titulo, ativo))
    return entrada_id


def find(uow: UnitOfWork, entrada_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One entry of the tenant. Raises ``NotFound``."""
    query = select(CONHECIMENTO).where(*_one(uow, entrada_id))
    row = uow.connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("Entrada não encontrada na base de conhecimento.")
    return row


def change(
    uow: UnitOfWork,
    entrada_id: UUID,
    part: Mapping[str, Any],
    ator: Ator,
    confere: Confere,
    action: str = "conhecimento.alterado",
) -> None:
    """Change fields of an entry; what it was is kept. ``confere`` may refuse its version.

    Raises:
        NotFound: there is no such entry.
        EntradaInvalida: it would not be complete, or too long.
    """
    before = find(uow, entrada_id, lock=True)
    confere(before.versao)
    after = {name: part.get(name, getattr(before, name)) for name in _CAMPOS}
    entrada = entrada_de(after)
    _require(entrada)
    after["etiquetas"] = list(entrada.etiquetas)
    if all(after[name] == getattr(before, name) for name in _CAMPOS):
        return
    _keep_version(uow, before, ator, removido=False)
    set_columns(uow, CONHECIMENTO, entrada_id, {**after, "updated_at": uow.agora})
    _note(
        uow,
        ator,
        action,
        entrada_id,
        antes=_shown(before.titulo, before.ativo),
        depois=_shown(entrada.titulo, after["ativo"]),
    )


def remove(uow: UnitOfWork, entrada_id: UUID, ator: Ator, confere: Confere) -> None:
    """Take an entry away; ``restore`` brings it back. Raises ``NotFound``."""
    before = find(uow, entrada_id, lock=True)
    confere(before.versao)
    _keep_version(uow, before, ator, removido=True)
    uow.connection.execute(delete(CONHECIMENTO).where(*_one(uow, entrada_id)))
    antes = _shown(before.titulo, before.ativo)
    _note(uow, ator, "conhecimento.removido", entrada_id, antes=antes)


def require_known(uow: UnitOfWork, entrada_id: UUID) -> None:
    """Raises ``NotFound`` where there is no such entry and never was."""
    kept = select(VERSOES.c.id).where(
        VERSOES.c.tenant_id == uow.tenant_id, VERSOES.c.conhecimento_id == entrada_id
    )
    if uow.connection.execute(kept.limit(1)).first() is None:
        find(uow, entrada_id)


def restore(
    uow: UnitOfWork, entrada_id: UUID, numero: int | None, ator: Ator, confere: Confere
) -> None:
    """Make an entry what it was in a version, or before the last change; it is a change itself.

    Raises:
        NotFound: there is no such entry, and never was.
        NadaARestaurar: there is no such version.
        BaseCheia: a removed entry has no room to come back to.
    """
    _lock(uow)
    require_known(uow, entrada_id)
    kept = uow.connection.execute(
        select(VERSOES)
        .where(VERSOES.c.tenant_id == uow.tenant_id, VERSOES.c.conhecimento_id == entrada_id)
        .order_by(VERSOES.c.numero.desc())
    ).all()
    found = next((row for row in kept if numero is None or row.numero == numero), None)
    if found is None:
        raise NadaARestaurar("Esta entrada não tem essa versão anterior.")
    values = {name: getattr(found, name) for name in _CAMPOS}
    if kept[0].removido and not _there(uow, entrada_id):
        _require_room(uow, 1)
        versao = kept[0].numero + 1
        _insert(uow, entrada_id, entrada_de(values), ativo=found.ativo, versao=versao)
        depois = _shown(found.titulo, found.ativo)
        _note(uow, ator, "conhecimento.restaurado", entrada_id, depois=depois)
        return
    change(uow, entrada_id, values, ator, confere, "conhecimento.restaurado")


def import_entries(
    uow: UnitOfWork, lidas: Sequence[Lida], ator: Ator, *, ativo: bool, substituir: bool
) -> Importadas:
    """Add the entries of a file; one whose title is there already is refused, or replaced.

    Raises:
        BaseCheia: the new ones do not fit; nothing is added.
    """
    _lock(uow)
    there = _titles(uow)
    before, taken = frozenset(there), set[str]()
    criadas, substituidas, rejeitadas = list[UUID](), list[UUID](), list[Lida]()
    for lida in lidas:
        key = plain(lida.entrada.titulo)
        motivo = lida.motivo
        if motivo is None and key in taken:
            motivo = "outra entrada do arquivo tem este título"
        if motivo is None and key in before and not substituir:
            motivo = "já existe uma entrada com este título"
        if motivo is not None:
            rejeitadas.append(Lida(lida.linha, lida.entrada, motivo))
            continue
        taken.add(key)
        if key in before:
            change(uow, there[key], {**_fields(lida.entrada), "ativo": ativo}, ator, _any_version)
            substituidas.append(there[key])
        else:
            criadas.append(_insert(uow, uuid4(), lida.entrada, ativo=ativo))
    _require_room(uow, 0)
    counts = {
        "criadas": len(criadas),
        "substituidas": len(substituidas),
        "rejeitadas": len(rejeitadas),
    }
    record(uow, ator, "conhecimento.importado", alvo_tipo="conhecimento", detalhes=counts)
    return Importadas(tuple(criadas), tuple(substituidas), tuple(rejeitadas))


def list_all(uow: UnitOfWork) -> tuple[Passagem, ...]:
    """Every passage that agents read, by title."""
    rows = uow.connection.execute(
        select(Conhecimento.id, Conhecimento.titulo, Conhecimento.texto, Conhecimento.palavras)
        .where(Conhecimento.tenant_id == uow.tenant_id, Conhecimento.ativo)
        .order_by(Conhecimento.titulo, Conhecimento.id)
    ).all()
    return tuple(Passagem(*row) for row in rows)


def search(uow: UnitOfWork, consulta: str, limite: int = 3) -> tuple[Trecho, ...]:
    """The passages nearest to a question, best first; empty where none fits."""
    return domain.search(list_all(uow), consulta, limite)


def _require(entrada: Entrada) -> None:
    motivo = conferir(entrada)
    if motivo is not None:
        raise EntradaInvalida(f"A entrada não pode ser guardada: {motivo}.")


def _require_room(uow: UnitOfWork, more: int) -> None:
    there: int = uow.connection.execute(
        select(func.count()).where(CONHECIMENTO.c.tenant_id == uow.tenant_id)
    ).scalar_one()
    if there + more > ENTRADAS_MAXIMO:
        raise BaseCheia(f"A base de conhecimento tem no máximo {ENTRADAS_MAXIMO} entradas.")


def _lock(uow: UnitOfWork) -> None:
    """Two who add at once are counted one after the other."""
    uow.connection.execute(_LOCK, {"tenant": str(uow.tenant_id)})


def _fields(entrada: Entrada) -> dict[str, Any]:
    return {
        "titulo": entrada.titulo,
        "texto": entrada.texto,
        "palavras": entrada.palavras,
        "etiquetas": list(entrada.etiquetas),
    }


def _insert(
    uow: UnitOfWork, entrada_id: UUID, entrada: Entrada, *, ativo: bool, versao: int = 1
) -> UUID:
    uow.connection.execute(
        insert(CONHECIMENTO).values(
            id=entrada_id,
            tenant_id=uow.tenant_id,
            versao=versao,
            ativo=ativo,
            created_at=uow.agora,
            updated_at=uow.agora,
            **_fields(entrada),
        )
    )
    return entrada_id


def _keep_version(uow: UnitOfWork, row: Row[Any], ator: Ator, *, removido: bool) -> None:
    uow.connection.execute(
        insert(VERSOES).values(
            id=uuid4(),
            tenant_id=uow.tenant_id,
            conhecimento_id=row.id,
            numero=row.versao,
            removido=removido,
            mudado_por=f"{ator.tipo}:{ator.id or ''}"[:80],
            created_at=uow.agora,
            **{name: getattr(row, name) for name in _CAMPOS},
        )
    )
    uow.connection.execute(
        delete(VERSOES).where(
            VERSOES.c.tenant_id == uow.tenant_id,
            VERSOES.c.conhecimento_id == row.id,
            VERSOES.c.numero <= row.versao - VERSOES_GUARDADAS,
        )
    )


def _titles(uow: UnitOfWork) -> dict[str, UUID]:
    """Plain title → entry; the oldest one where several share it."""
    rows = uow.connection.execute(
        select(CONHECIMENTO.c.id, CONHECIMENTO.c.titulo)
        .where(CONHECIMENTO.c.tenant_id == uow.tenant_id)
        .order_by(CONHECIMENTO.c.created_at.desc(), CONHECIMENTO.c.id)
    )
    return {plain(row.titulo): row.id for row in rows}


def _there(uow: UnitOfWork, entrada_id: UUID) -> bool:
    query = select(CONHECIMENTO.c.id).where(*_one(uow, entrada_id))
    return uow.connection.execute(query).one_or_none() is not None


def _one(uow: UnitOfWork, entrada_id: UUID) -> tuple[Any, ...]:
    return (CONHECIMENTO.c.tenant_id == uow.tenant_id, CONHECIMENTO.c.id == entrada_id)


def _any_version(_: int) -> None:
    """An import replaces whatever is there."""


def _shown(titulo: str, ativo: bool) -> dict[str, Any]:
    return {"titulo": titulo, "ativo": ativo}


def _note(uow: UnitOfWork, ator: Ator, action: str, entrada_id: UUID, **values: Any) -> None:
    record(uow, ator, action, alvo_tipo="conhecimento", alvo_id=entrada_id, **values)
