"""The twin's ``context.leads``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from threading import Lock
from typing import Any
from uuid import UUID, uuid5

from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import (
    FINALIDADES,
    LEAD_STATUS,
    REJEITO_CLASSES,
    Importacao,
    Lead,
    LeadChanges,
    LeadHigienizado,
    LinhaBruta,
    Lote,
    NovoLote,
    Rejeito,
    StagedLeads,
)
from alquimista_sdk.testing.agendamentos import cancel_open
from alquimista_sdk.testing.disparos import cancel_planned, request
from alquimista_sdk.testing.recording import Recording

STAGE_LIMIT = 5_000
_ENDED = ("concluida", "falhou", "desfeita")
_FINAL = ("descadastrado", "bloqueado")
_FUNNEL = (
    "novo",
    "enriquecido",
    "contatado",
    "respondeu",
    "interessado",
    "agendado",
    "convertido",
)


def next_status(current: str, asked: str) -> str:
    """The status after a request: the funnel goes forward only, and final ones stay."""
    if current in _FINAL:
        return current
    if asked in (*_FINAL, "descartado") or current == "descartado":
        return asked
    return asked if _FUNNEL.index(asked) >= _FUNNEL.index(current) else current


_STAGING = Lock()
"""Of all twins: a lock inside of one would keep it from being copied."""


def _read(linhas: Sequence[LinhaBruta], error: Exception | None) -> Iterator[LinhaBruta]:
    yield from linhas
    if error is not None:
        raise error


def _highest_first(lead: Lead) -> tuple[int, UUID]:
    return (1 if lead.prioridade is None else -lead.prioridade, lead.id)


class TwinLeads:
    """Leads, imports and lots in memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._store = recording.store

    def get(self, lead_id: UUID) -> Lead:
        """Read one lead."""
        return self._seen(self._store.lead(lead_id))

    def get_many(self, lead_ids: Sequence[UUID]) -> tuple[Lead, ...]:
        """Read leads by id, in the order given."""
        leads = self._store.leads
        return tuple(self._seen(leads[lead_id]) for lead_id in lead_ids if lead_id in leads)

    def by_lote(self, lote_id: UUID) -> tuple[Lead, ...]:
        """Read the leads of a lot, highest priority first."""
        found = [lead for lead in self._store.leads.values() if lead.lote_id == lote_id]
        found.sort(
            key=lambda lead: (-(-1 if lead.prioridade is None else lead.prioridade), lead.id)
        )
        return tuple(self._seen(lead) for lead in found)

    def by_importacao(self, importacao_id: UUID) -> tuple[Lead, ...]:
        """Read the leads that an import brought, in the order of their rows."""
        return tuple(
            self._seen(lead)
            for lead in self._store.leads.values()
            if lead.importacao_id == importacao_id
        )

    def count_pending(self, importacao_id: UUID) -> int:
        """How many leads of an import still wait for enrichment."""
        store = self._store
        return sum(
            store.enriquecimento.get(lead.id, "pendente") == "pendente"
            for lead in store.leads.values()
            if lead.importacao_id == importacao_id
        )

    def permitted(self, lead_ids: Sequence[UUID], finalidade: str) -> tuple[UUID, ...]:
        """Read which leads' data may be used for a purpose: all but those in ``retiradas``."""
        if finalidade not in FINALIDADES:
            raise NotFound("Finalidade não encontrada.")
        store = self._store
        return tuple(
            lead_id
            for lead_id in lead_ids
            if lead_id in store.leads and (lead_id, finalidade) not in store.retiradas
        )

    def lote(self, lote_id: UUID) -> Lote:
        """Read one lot."""
        if lote_id not in self._store.lotes:
            raise NotFound("lote não encontrado")
        return self._store.lotes[lote_id]

    def importacao(self, importacao_id: UUID) -> Importacao:
        """Read one import."""
        if importacao_id not in self._store.importacoes:
            raise NotFound("importação não encontrada")
        return self._store.importacoes[importacao_id]

    def rows(self, importacao_id: UUID) -> Iterator[LinhaBruta]:
        """Iterate the raw rows; a file that the test made unreadable raises after those it has."""
        importacao = self.importacao(importacao_id)
        if importacao.status == "recebida":
            self._store.importacoes[importacao_id] = replace(importacao, status="processando")
        linhas = tuple(self._store.linhas.get(importacao_id, ()))
        return _read(linhas, self._store.leituras_falhas.get(importacao_id))

    def stage(
        self,
        importacao_id: UUID,
        batch: int,
        leads: Sequence[LeadHigienizado],
        rejeitos: Sequence[Rejeito],
    ) -> StagedLeads:
        """Claim: insert a batch of cleaned rows, once; threads take turns."""
        with _STAGING:
            return self._stage(importacao_id, batch, leads, rejeitos)

    def _stage(
        self,
        importacao_id: UUID,
        batch: int,
        leads: Sequence[LeadHigienizado],
        rejeitos: Sequence[Rejeito],
    ) -> StagedLeads:
        if len(leads) > STAGE_LIMIT:
            raise PermanentError(f"a batch has at most {STAGE_LIMIT} rows")
        if any(rejeito.classe not in REJEITO_CLASSES for rejeito in rejeitos):
            raise PermanentError(f"reject classes are {', '.join(REJEITO_CLASSES)}")
        self.importacao(importacao_id)
        taken = {self._key(*self._store.identidade(lead)) for lead in self._store.leads.values()}
        answer: list[UUID | None] = []
        refused: list[Rejeito] = []
        for row in leads:
            lead_id = uuid5(importacao_id, f"{row.planilha}:{row.linha}")
            key = self._key(row.email_norm, row.telefone_norm)
            if lead_id not in self._store.leads:
                reason = self._refusal(row, key in taken)
                if reason is not None:
                    answer.append(None)
                    refused.append(reason)
                    continue
                self._insert(importacao_id, lead_id, row)
                taken.add(key)
            answer.append(lead_id)
        self._count(importacao_id, batch, answer, [*rejeitos, *refused])
        return StagedLeads(tuple(answer), tuple(refused))

    def create_lotes(self, importacao_id: UUID, lotes: Sequence[NovoLote]) -> tuple[Lote, ...]:
        """Claim: create the lots of an import, once; the event that was first keeps them."""
        event = self._recording.event
        if event is None:
            raise PermanentError("lots are created by a handler of an event")
        ids = tuple(uuid5(event.id, f"lote:{index}") for index in range(len(lotes)))
        if importacao_id not in self._store.lotes_da_importacao and lotes:
            self._store.lotes_da_importacao[importacao_id] = ids
            for lote_id, lote in zip(ids, lotes, strict=True):
                self._insert_lote(lote_id, lote)
        mine = set(self._store.lotes_da_importacao.get(importacao_id, ()))
        return tuple(self._store.lotes[lote_id] for lote_id in ids if lote_id in mine)

    def update(self, lead_id: UUID, changes: LeadChanges) -> None:
        """Write: set fields of a lead that was read before."""
        if changes.status is not None and changes.status not in LEAD_STATUS:
            raise PermanentError(f"{changes.status!r} is no status of a lead")
        values = {
            item.name: value
            for item in fields(changes)
            if (value := getattr(changes, item.name)) is not None
        }
        versao = self._recording.version_of("leads", lead_id)
        bumps = self._recording.bumps

        def write() -> None:
            self._apply(lead_id, dict(values), versao + bumps.get(lead_id, 0))

        self._recording.write(write)

    def finish_importacao(self, importacao_id: UUID, erro: str | None = None) -> None:
        """Write: the file was read to its end, or could not be."""

        def write() -> None:
            current = self.importacao(importacao_id)
            if current.status in _ENDED:
                return
            if erro is not None:
                self._store.erros_importacao[importacao_id] = erro
                ended = replace(current, status="falhou")
            else:
                total = current.aceitos + current.rejeitados
                ended = replace(current, status="concluida", total_linhas=total)
            self._store.importacoes[importacao_id] = ended

        self._recording.write(write)

    def opt_out(self, lead_id: UUID, motivo: str) -> None:
        """Write: suppress the lead on every channel; the platform confirms it once."""

        def write() -> None:
            lead = self._store.lead(lead_id)
            if lead.status == "descadastrado":
                return
            registro = {"data": self._recording.now.isoformat(), "motivo": motivo}
            metadata = {**lead.metadata, "descadastro": registro}
            self._store.change_lead(lead_id, status="descadastrado", metadata=metadata)
            self._suppress(lead)
            cancel_planned(self._store, lead_id, "descadastro")
            cancel_open(self._store, lead_id, self._recording.now)
            self._store.descadastros[lead_id] = motivo
            canal = "email" if lead.email else "whatsapp"
            if lead.email or lead.telefone:
                request(
                    self._recording,
                    lead_id,
                    "confirmacao",
                    canal,
                    "Pedido atendido.",
                    "descadastro",
                )

        self._recording.write(write)

    def refuse(self, lead_id: UUID, motivo: str) -> None:
        """Write: the lead said no: discard it, without a confirmation."""

        def write() -> None:
            lead = self._store.lead(lead_id)
            if lead.status in ("descadastrado", "descartado"):
                return
            metadata = {**lead.metadata, "descarte": motivo}
            self._store.change_lead(lead_id, status="descartado", metadata=metadata)
            self._suppress(lead)
            cancel_planned(self._store, lead_id, motivo, only="prospeccao")
            self._store.recusas[lead_id] = motivo

        self._recording.write(write)

    def pause(self, lead_id: UUID, motivo: str, causa: str | None = None) -> None:
        """Write: stop machine messages until a person decides."""

        def write() -> None:
            self._store.change_lead(lead_id, pausado=True)
            cancel_planned(self._store, lead_id, "pausado", only="prospeccao")
            self._store.pausas[lead_id] = motivo
            self._store.pausa_causas[lead_id] = causa

        self._recording.write(write)

    def _apply(self, lead_id: UUID, values: dict[str, Any], versao: int) -> None:
        lead = self._store.lead(lead_id)
        enriquecimento = values.pop("enriquecimento", None)
        if "status" in values:
            values["status"] = next_status(lead.status, values["status"])
        if "metadata" in values:
            values["metadata"] = {**lead.metadata, **values["metadata"]}
        self._store.change_lead(lead_id, versao=versao, **values)
        if enriquecimento is not None:
            self._store.enriquecimento[lead_id] = enriquecimento

    def _seen(self, lead: Lead) -> Lead:
        self._recording.remember("leads", lead.id, lead.versao)
        return lead

    @staticmethod
    def _key(email: str | None, telefone: str | None) -> str:
        return f"{email or ''}|{telefone or ''}"

    def _refusal(self, row: LeadHigienizado, taken: bool) -> Rejeito | None:
        if {row.email_norm, row.telefone_norm} & self._store.suprimidos:
            mensagem = "a pessoa pediu para não ser contatada"
            return Rejeito(row.planilha, row.linha, None, "suppressed", mensagem)
        if taken:
            mensagem = "já existe um lead com este e-mail e telefone"
            return Rejeito(row.planilha, row.linha, None, "duplicate", mensagem)
        return None

    def _insert(self, importacao_id: UUID, lead_id: UUID, row: LeadHigienizado) -> None:
        metadata = dict(row.metadata)
        if row.avisos:
            metadata["avisos"] = list(row.avisos)
        self._store.leads[lead_id] = Lead(
            id=lead_id,
            empresa=row.empresa,
            status="novo",
            cnpj=row.cnpj,
            contato=row.contato,
            telefone=row.telefone,
            email=row.email,
            setor=row.setor,
            porte=row.porte,
            atividade_principal=row.atividade_principal,
            cidade=row.cidade,
            uf=row.uf,
            importacao_id=importacao_id,
            metadata=metadata,
        )
        self._store.identidades[lead_id] = (row.email_norm, row.telefone_norm)

    def _count(
        self,
        importacao_id: UUID,
        batch: int,
        answer: Sequence[UUID | None],
        rejeitos: Sequence[Rejeito],
    ) -> None:
        partes = self._store.partes.setdefault(importacao_id, set())
        if batch in partes:
            return
        partes.add(batch)
        self._store.rejeitos.setdefault(importacao_id, []).extend(rejeitos)
        before = self._store.importacoes[importacao_id]
        self._store.importacoes[importacao_id] = replace(
            before,
            aceitos=before.aceitos + sum(lead_id is not None for lead_id in answer),
            rejeitados=before.rejeitados + len(rejeitos),
        )

    def _insert_lote(self, lote_id: UUID, lote: NovoLote) -> None:
        self._store.lotes[lote_id] = Lote(
            id=lote_id,
            nome=lote.nome,
            segmento=lote.segmento,
            prioridade=lote.prioridade,
            quantidade=len(lote.lead_ids),
            setor=lote.setor,
            porte=lote.porte,
            regiao=lote.regiao,
        )
        for lead_id in lote.lead_ids:
            self._store.change_lead(lead_id, lote_id=lote_id, segmento=lote.segmento)

    def _suppress(self, lead: Lead) -> None:
        self._store.suprimidos.update(
            value for value in self._store.identidade(lead) if value is not None
        )
