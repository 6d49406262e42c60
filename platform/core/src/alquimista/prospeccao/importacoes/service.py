"""Use cases of an import: receive, read, follow, finish, undo."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, and_, func, insert, or_, select, update

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.http.listing import Listing
from alquimista.plataforma.audit.service import SISTEMA, Ator, record
from alquimista.prospeccao.fusoes import domain as fusoes
from alquimista.prospeccao.importacoes.fonte import Fonte, fonte_de
from alquimista.prospeccao.importacoes.leitura import NOME_MAXIMO, abrir
from alquimista.prospeccao.importacoes.limites import ArquivoInvalido
from alquimista.prospeccao.importacoes.models import (
    Importacao,
    ImportacaoParte,
    ImportacaoRejeito,
)
from alquimista.prospeccao.importacoes.planilhas import Escolha, Opcoes, escolher, exigir
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.errors import NotFound
from alquimista_sdk.events import EventContext, FractalDetail, LogEntry, Subject
from alquimista_sdk.models import Importacao as ImportacaoData

SOURCE = "alquimista.importacoes"
TIMER = "arquivo"
GUARDA = timedelta(days=1)
"""How long an uploaded file is kept after it was read."""
LINHAS_POR_POST = 1_000
FINAIS = ("concluida", "falhou", "desfeita")
_NOME_ARQUIVO_MAXIMO = 255
_TABLE = table_of(Importacao)
_PARTES = table_of(ImportacaoParte)
LISTA = Listing(
    table=_TABLE,
    ordens={name: _TABLE.c[name] for name in ("created_at", "status")},
    padrao="-created_at",
    filtros={"status": _TABLE.c.status},
)
_REJEITOS = table_of(ImportacaoRejeito)
REJEITOS = Listing(
    table=_REJEITOS,
    ordens={name: _REJEITOS.c[name] for name in ("linha", "classe")},
    padrao="linha",
    filtros={"classe": _REJEITOS.c.classe, "importacao_id": _REJEITOS.c.importacao_id},
)


@dataclass(frozen=True, slots=True)
class Progresso:
    """How far an import is. ``total_linhas`` is an estimate until it ends."""

    id: UUID
    origem: str
    status: str
    total_linhas: int
    lidas: int
    aceitos: int
    rejeitados: int
    nome_arquivo: str | None
    planilha: str | None
    linha_cabecalho: int | None
    mapeamento: Mapping[str, Any] | None
    avisos: tuple[str, ...]
    erro: str | None
    created_at: datetime
    concluida_em: datetime | None
    rejeitados_por_classe: Mapping[str, int] = field(default_factory=dict)


def receive_json(
    ports: Ports,
    uow: UnitOfWork,
    linhas: Sequence[Mapping[str, Any]],
    *,
    criado_por: UUID | None,
    trace_id: UUID,
    ator: Ator = SISTEMA,
) -> UUID:
    """Take rows posted to the API; agents read them as they read a file.

    Raises:
        ArquivoInvalido: there is none, or more than 1,000.
    """
    if not linhas:
        raise ArquivoInvalido("sem_linhas", "Envie ao menos um lead.")
    if len(linhas) > LINHAS_POR_POST:
        raise ArquivoInvalido(
            "linhas_demais", "Envie até 1.000 leads por vez, ou use uma planilha."
        )
    importacao_id = uuid4()
    content = json.dumps(list(linhas), ensure_ascii=False, default=str).encode()
    values = {"origem": "api", "tamanho_bytes": len(content), "total_linhas": len(linhas)}
    _store(ports, uow, importacao_id, content, "json", values, criado_por, trace_id, ator)
    return importacao_id


def receive_file(
    ports: Ports,
    uow: UnitOfWork,
    nome: str,
    conteudo: bytes,
    *,
    planilha: str | None = None,
    linha_cabecalho: int | None = None,
    mapeamento: Mapping[str, str | None] | None = None,
    criado_por: UUID | None,
    trace_id: UUID,
    ator: Ator = SISTEMA,
) -> UUID:
    """Check an upload and take it; a bad file raises before anything is stored.

    Raises:
        ArquivoInvalido: it cannot be imported; the message says why and what to do.
    """
    opcoes = Opcoes(planilha, linha_cabecalho, mapeamento or {})
    kind, escolha, how = preparar(nome, conteudo, opcoes)
    importacao_id = uuid4()
    values = {
        "origem": "planilha",
        "nome_arquivo": nome[-_NOME_ARQUIVO_MAXIMO:],
        "tamanho_bytes": len(conteudo),
        "planilha": escolha.folha.nome[:NOME_MAXIMO],
        "linha_cabecalho": escolha.cabecalho.linha,
        "mapeamento": {campo: list(letras) for campo, letras in escolha.mapa.items()},
        "previa": how,
        "avisos": list(escolha.avisos),
        "total_linhas": escolha.total_linhas,
    }
    _store(ports, uow, importacao_id, conteudo, kind, values, criado_por, trace_id, ator)
    return importacao_id


def preparar(nome: str, conteudo: bytes, opcoes: Opcoes) -> tuple[str, Escolha, dict[str, Any]]:
    """Kind of file, chosen sheet, and what a reader must know to read it again.

    Raises:
        ArquivoInvalido: it cannot be imported.
    """
    arquivo = abrir(conteudo, nome)
    escolha = escolher(arquivo, opcoes)
    exigir(escolha)
    how: dict[str, Any] = {
        "nomes": list(escolha.cabecalho.nomes),
        "mescladas": escolha.folha.mescladas,
    }
    if arquivo.texto is None:
        return "xlsx", escolha, {**how, "tipo": "xlsx"}
    how |= {"codificacao": arquivo.texto.codificacao, "delimitador": arquivo.texto.delimitador}
    return "csv", escolha, {**how, "tipo": "csv"}


def _store(
    ports: Ports,
    uow: UnitOfWork,
    importacao_id: UUID,
    content: bytes,
    kind: str,
    values: Mapping[str, Any],
    criado_por: UUID | None,
    trace_id: UUID,
    ator: Ator,
) -> None:
    key = f"importacoes/{importacao_id}.{kind}"
    ports.files.put(uow.tenant_id, key, content)
    uow.connection.execute(
        insert(_TABLE).values(
            {
                "id": importacao_id,
                "tenant_id": uow.tenant_id,
                "versao": 1,
                "status": "recebida",
                "arquivo_chave": key,
                "avisos": [],
                "criado_por": criado_por,
                "trace_id": trace_id,
                "created_at": uow.agora,
                **values,
            }
        )
    )
    rows = values["total_linhas"]
    record(
        uow,
        ator,
        "importacao",
        alvo_tipo="importacao",
        alvo_id=importacao_id,
        detalhes={"origem": values["origem"], "total_linhas": rows},
        trace_id=trace_id,
    )
    detail = FractalDetail(
        subject=Subject("tenant", uow.tenant_id),
        context=EventContext(metadata={"importacao_id": str(importacao_id)}),
        logs=(
            LogEntry(
                uow.agora.isoformat(), "importacoes", f"{rows} linha(s) recebida(s)", str(trace_id)
            ),
        ),
    )
    ports.publisher.publish(uow, [NewEvent(SOURCE, "received", detail, trace_id)])


def find(uow: UnitOfWork, importacao_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One import of the tenant. Raises ``NotFound``."""
    query = select(_TABLE).where(_TABLE.c.tenant_id == uow.tenant_id, _TABLE.c.id == importacao_id)
    row = uow.connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("Importação não encontrada.")
    return row


def lock(uow: UnitOfWork, importacao_id: UUID) -> None:
    """Hold an import's row until the transaction ends. Raises ``NotFound``."""
    find(uow, importacao_id, lock=True)


def facts(uow: UnitOfWork, importacao_id: UUID) -> ImportacaoData:
    """An import as agents read it. Raises ``NotFound``."""
    row = find(uow, importacao_id)
    aceitos, rejeitados = _counts(uow, [importacao_id]).get(importacao_id, (0, 0))
    return ImportacaoData(
        importacao_id, row.origem, row.status, row.total_linhas, aceitos, rejeitados
    )


def source(ports: Ports, uow: UnitOfWork, importacao_id: UUID) -> Fonte:
    """The rows of an import, to be read outside of the transaction.

    Raises:
        NotFound: there is no such import.
        PermanentError: its file was deleted.
    """
    row = find(uow, importacao_id)
    if row.status == "recebida":
        _set(uow, importacao_id, status="processando")
    return fonte_de(ports.files, uow.tenant_id, row)


def finish(ports: Ports, uow: UnitOfWork, importacao_id: UUID, erro: str | None = None) -> None:
    """The file was read to its end, or could not be; it is deleted a day later.

    Leads that may be the same as others are looked for afterwards, by a timer of their own.
    An import that has ended stays as it ended.
    """
    row = find(uow, importacao_id, lock=True)
    if row.status in FINAIS:
        return
    aceitos, rejeitados = _counts(uow, [importacao_id]).get(importacao_id, (0, 0))
    _set(
        uow,
        importacao_id,
        status="concluida" if erro is None else "falhou",
        erro=erro,
        concluida_em=uow.agora,
        total_linhas=aceitos + rejeitados if erro is None else row.total_linhas,
    )
    ports.timers.schedule(uow.connection, uow.tenant_id, uow.agora + GUARDA, TIMER, importacao_id)
    if aceitos:
        due = uow.agora + fusoes.ESPERA
        ports.timers.schedule(uow.connection, uow.tenant_id, due, fusoes.TIMER, importacao_id)


def delete_file(ports: Ports, uow: UnitOfWork, importacao_id: UUID) -> None:
    """Delete the raw file of an import; its rows and rejects stay."""
    row = find(uow, importacao_id, lock=True)
    if row.arquivo_chave is None:
        return
    ports.files.delete(uow.tenant_id, row.arquivo_chave)
    _set(uow, importacao_id, arquivo_chave=None)


def progress(uow: UnitOfWork, importacao_id: UUID) -> Progresso:
    """How far an import is, with its rejects by class. Raises ``NotFound``."""
    row = find(uow, importacao_id)
    by_class = uow.connection.execute(
        select(_REJEITOS.c.classe, func.count())
        .where(_REJEITOS.c.tenant_id == uow.tenant_id, _REJEITOS.c.importacao_id == importacao_id)
        .group_by(_REJEITOS.c.classe)
        .order_by(_REJEITOS.c.classe)
    ).all()
    counts = _counts(uow, [importacao_id]).get(importacao_id, (0, 0))
    return _progress(row, counts, {str(classe): int(count) for classe, count in by_class})


def listing(uow: UnitOfWork, query: Mapping[str, Any]) -> tuple[tuple[Progresso, ...], str | None]:
    """A page of imports without their rejects by class, and the cursor of the next page."""
    page = LISTA.page(uow, query)
    counts = _counts(uow, [row.id for row in page.rows])
    found = tuple(_progress(row, counts.get(row.id, (0, 0)), {}) for row in page.rows)
    return found, page.proximo


def rejects(
    uow: UnitOfWork,
    importacao_id: UUID,
    limite: int,
    depois_de: tuple[int, UUID] | None = None,
    classe: str | None = None,
) -> Sequence[Row[Any]]:
    """Rejected rows by row number, after (linha, id), of one class or of all."""
    query = select(_REJEITOS).where(
        _REJEITOS.c.tenant_id == uow.tenant_id, _REJEITOS.c.importacao_id == importacao_id
    )
    if classe is not None:
        query = query.where(_REJEITOS.c.classe == classe)
    if depois_de is not None:
        linha, last_id = depois_de
        same = and_(_REJEITOS.c.linha == linha, _REJEITOS.c.id > last_id)
        query = query.where(or_(_REJEITOS.c.linha > linha, same))
    query = query.order_by(_REJEITOS.c.linha, _REJEITOS.c.id).limit(limite)
    return uow.connection.execute(query).all()


def _set(uow: UnitOfWork, importacao_id: UUID, **values: Any) -> None:
    uow.connection.execute(
        update(_TABLE)
        .where(_TABLE.c.tenant_id == uow.tenant_id, _TABLE.c.id == importacao_id)
        .values(**values, versao=_TABLE.c.versao + 1)
    )


def _counts(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    rows = uow.connection.execute(
        select(
            _PARTES.c.importacao_id,
            func.sum(_PARTES.c.aceitos),
            func.sum(_PARTES.c.rejeitados),
        )
        .where(_PARTES.c.tenant_id == uow.tenant_id, _PARTES.c.importacao_id.in_(ids))
        .group_by(_PARTES.c.importacao_id)
    ).all()
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def _progress(row: Row[Any], counts: tuple[int, int], by_class: Mapping[str, int]) -> Progresso:
    aceitos, rejeitados = counts
    return Progresso(
        id=row.id,
        origem=row.origem,
        status=row.status,
        total_linhas=row.total_linhas,
        lidas=aceitos + rejeitados,
        aceitos=aceitos,
        rejeitados=rejeitados,
        nome_arquivo=row.nome_arquivo,
        planilha=row.planilha,
        linha_cabecalho=row.linha_cabecalho,
        mapeamento=row.mapeamento,
        avisos=tuple(row.avisos),
        erro=row.erro,
        created_at=row.created_at,
        concluida_em=row.concluida_em,
        rejeitados_por_classe=by_class,
    )
