"""The way of an import: rows are cleaned and staged, leads enriched, lots made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from alquimista_sdk.context import AgentContext
from alquimista_sdk.errors import (
    DeadlineExceeded,
    InvalidEvent,
    NotFound,
    PermanentError,
    ScopeDenied,
    TransientError,
)
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.models import Lead, LeadHigienizado, Rejeito, StagedLeads
from nigredo_recebimento import enriquecimento, prioridade
from nigredo_recebimento.linhas import Higienizador
from nigredo_recebimento.lotes import segmentar
from nigredo_recebimento.relatorio import Inconformidades

LOTE_DE_GRAVACAO: Final = 4_000
"""Rows of a staged batch; the platform takes 5,000 at most."""
GRAVACOES: Final = 2
"""Batches that the database takes at once: it works on one while another waits for its answer."""
LEADS_POR_PARTE: Final = 100
ULTIMA_TENTATIVA: Final = 3
"""An event is delivered three times; at the last one a lead goes on without its source."""

ARQUIVO_SEM_LINHAS: Final = "Nenhuma linha com dados foi encontrada."


@dataclass(frozen=True, slots=True)
class Bloco:
    """A batch of rows, cleaned."""

    leads: list[LeadHigienizado]
    rejeitos: list[Rejeito]


def receber(event: AgentEvent, context: AgentContext) -> None:
    """Clean the rows of an import, stage them and hand on the leads in parts."""
    importacao_id = _id(event, "importacao_id")
    contas = Inconformidades()
    aceitos: list[UUID] = []
    try:
        for bloco, resposta in _gravados(context, importacao_id):
            aceitos.extend(_contar(bloco, resposta, contas))
    except (ScopeDenied, NotFound):
        raise
    except PermanentError as error:
        context.log.warning("import could not be read", code=error.code, staged=len(aceitos))
        context.leads.finish_importacao(importacao_id, _motivo(error, len(aceitos)))
        return
    vazio = None if contas.aceitos or contas.rejeitados else ARQUIVO_SEM_LINHAS
    context.leads.finish_importacao(importacao_id, vazio)
    context.log.info("import cleaned", aceitos=contas.aceitos, rejeitados=contas.rejeitados)
    _publicar_partes(context, importacao_id, aceitos, contas)


def enriquecer(event: AgentEvent, context: AgentContext) -> None:
    """Ask the source for what each pending lead lacks, score it, hand the part on.

    Who took back the permission to be looked up is scored by what the customer gave.
    """
    importacao_id, parte = _id(event, "importacao_id"), int(event.metadata["parte"])
    ids = [UUID(str(lead_id)) for lead_id in event.metadata["lead_ids"]]
    contagem: dict[str, int] = {}
    permitidos = frozenset(context.leads.permitted(ids, "enriquecimento"))
    for lead in context.leads.get_many(ids):
        consulta = lead.id in permitidos
        achado = _consultar(event, context, lead) if consulta else enriquecimento.DISPENSADO
        pontos = prioridade.calcular(
            enriquecimento.completo(lead, achado),
            context.tenant.perfil_ideal,
            context.now,
            enriquecimento.abertura_de(lead, achado),
        )
        context.leads.update(lead.id, enriquecimento.mudancas(lead, achado, pontos.total))
        contagem[achado.resultado] = contagem.get(achado.resultado, 0) + 1
    context.events.publish(
        "enriched",
        event.subject,
        decision=_resumo_enriquecimento(parte, contagem),
        metadata={"importacao_id": str(importacao_id), "parte": parte, "resultados": contagem},
    )


def segmentar_importacao(event: AgentEvent, context: AgentContext) -> None:
    """When no lead of the import waits any more, make its lots, once, and announce each."""
    importacao_id = _id(event, "importacao_id")
    if context.leads.count_pending(importacao_id):
        return
    novos = segmentar(context.leads.by_importacao(importacao_id))
    if not novos:
        return
    for lote in context.leads.create_lotes(importacao_id, novos):
        quantos = "1 lead" if lote.quantidade == 1 else f"{lote.quantidade} leads"
        context.events.publish(
            "completed",
            Subject("lote", lote.id),
            decision=f"Lote “{lote.nome}” formado: {quantos}, prioridade {lote.prioridade}.",
            metadata={
                "importacao_id": str(importacao_id),
                "lote_id": str(lote.id),
                "prioridade": lote.prioridade,
                "quantidade": lote.quantidade,
            },
        )


def _gravados(context: AgentContext, importacao_id: UUID) -> Iterator[tuple[Bloco, StagedLeads]]:
    """Batches with what the platform answered, in the order of the file.

    Rows are read and cleaned here while threads hand the batches before to the database, so the
    file is never in memory as a whole. Where the file cannot be read further, the batches on their
    way are answered first.
    """
    falha: PermanentError | None = None
    fila: deque[tuple[Bloco, Future[StagedLeads]]] = deque()
    with ThreadPoolExecutor(GRAVACOES, thread_name_prefix="gravacao") as executor:
        try:
            for numero, bloco in enumerate(_blocos(context, importacao_id)):
                if len(fila) > GRAVACOES:
                    pronto, resposta = fila.popleft()
                    yield pronto, resposta.result()
                fila.append(
                    (bloco, executor.submit(_gravar, context, importacao_id, numero, bloco))
                )
        except PermanentError as error:
            falha = error
        for pronto, resposta in fila:
            yield pronto, resposta.result()
    if falha is not None:
        raise falha


def _blocos(context: AgentContext, importacao_id: UUID) -> Iterator[Bloco]:
    """Cleaned rows in batches."""
    higienizador = Higienizador(
        context.tenant.ddd_padrao, str(context.config.get("cnpj_invalido", "rejeitar"))
    )
    limpas = higienizador.linhas(context.leads.rows(importacao_id))
    while bloco := list(islice(limpas, LOTE_DE_GRAVACAO)):
        leads = [item for item in bloco if isinstance(item, LeadHigienizado)]
        yield Bloco(leads, [item for item in bloco if isinstance(item, Rejeito)])


def _gravar(context: AgentContext, importacao_id: UUID, numero: int, bloco: Bloco) -> StagedLeads:
    return context.leads.stage(importacao_id, numero, bloco.leads, bloco.rejeitos)


def _contar(bloco: Bloco, resposta: StagedLeads, contas: Inconformidades) -> list[UUID]:
    """Add a batch up; answers the ids of its accepted leads."""
    contas.rejeitar(bloco.rejeitos)
    contas.rejeitar(resposta.rejeitos)
    contas.aceitar(
        lead if lead_id is not None else None
        for lead, lead_id in zip(bloco.leads, resposta.lead_ids, strict=True)
    )
    return [lead_id for lead_id in resposta.lead_ids if lead_id is not None]


def _publicar_partes(
    context: AgentContext, importacao_id: UUID, aceitos: Sequence[UUID], contas: Inconformidades
) -> None:
    for parte, inicio in enumerate(range(0, len(aceitos), LEADS_POR_PARTE)):
        ids = aceitos[inicio : inicio + LEADS_POR_PARTE]
        metadata: dict[str, Any] = {
            "importacao_id": str(importacao_id),
            "parte": parte,
            "lead_ids": [str(lead_id) for lead_id in ids],
        }
        decisao = f"Parte {parte + 1}: leads {inicio + 1} a {inicio + len(ids)} higienizados."
        if parte == 0:
            metadata |= contas.metadata()
            decisao = f"Importação higienizada: {contas.resumo()}"
        context.events.publish(
            "staged", Subject("tenant", context.tenant.id), decision=decisao, metadata=metadata
        )


def _consultar(
    event: AgentEvent, context: AgentContext, lead: Lead
) -> enriquecimento.Enriquecimento:
    """What the source adds. A source that stays away never stops the leads on their way."""
    if not context.config.get("enriquecer", True) or not enriquecimento.falta_algo(lead):
        return enriquecimento.DISPENSADO
    try:
        resposta = context.tools.call("enrichment.company", enriquecimento.pergunta(lead))
    except (ScopeDenied, DeadlineExceeded):
        raise
    except TransientError as error:
        if event.attempt < ULTIMA_TENTATIVA:
            raise
        context.log.warning("enrichment source stayed away", lead_id=str(lead.id), code=error.code)
        return enriquecimento.NAO_ENCONTRADO
    except PermanentError as error:
        context.log.error("enrichment source refused", lead_id=str(lead.id), code=error.code)
        return enriquecimento.NAO_ENCONTRADO
    return enriquecimento.ler_resposta(lead, resposta)


def _resumo_enriquecimento(parte: int, contagem: dict[str, int]) -> str:
    nomes = {
        "enriquecido": "com dados de fonte externa",
        "sandbox": "com dados simulados (sandbox)",
        "nao_encontrado": "sem dado novo",
        "dispensado": "sem consulta",
    }
    partes = [f"{contagem[nome]} {texto}" for nome, texto in nomes.items() if nome in contagem]
    return f"Parte {parte + 1} enriquecida: {', '.join(partes) or 'nenhum lead'}."


def _motivo(error: PermanentError, gravados: int) -> str:
    motivo = str(error).rstrip(".") or "O arquivo não pôde ser lido"
    if not gravados:
        return f"{motivo}."
    return f"{motivo}. A leitura parou depois de {gravados} leads, que não seguiram adiante."


def _id(event: AgentEvent, nome: str) -> UUID:
    """A row's id from the event's metadata. Raises ``InvalidEvent``."""
    try:
        return UUID(str(event.metadata[nome]))
    except (KeyError, ValueError) as error:
        raise InvalidEvent(f"detail.context.metadata.{nome}", "must be a UUID") from error
