"""``context.leads``: what agents may do with leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select, update

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator
from alquimista.prospeccao.finalidades.consulta import decisoes
from alquimista.prospeccao.importacoes import service as importacoes
from alquimista.prospeccao.leads import service
from alquimista.prospeccao.leads.domain import MARCOS, proximo_status
from alquimista.prospeccao.leads.rows import LEADS, LOTES, lead_of, lote_of
from alquimista.prospeccao.leads.staging import exigir_parte, stage
from alquimista.runtime.ports import Ports
from alquimista.runtime.run import Run, Write
from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import (
    LEITURA_INCERTA,
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

STAGE_LIMIT = 5_000


class LeadsContext:
    """Reads remember ``versao``; writes are guarded by it."""

    def __init__(self, run: Run, ports: Ports) -> None:
        self._run = run
        self._ports = ports
        self._ator = Ator("agente", run.manifest.slug, run.manifest.slug)

    def get(self, lead_id: UUID) -> Lead:
        """Read one lead."""
        with self._run.reading() as uow:
            return self._seen(lead_of(service.find(uow, lead_id)))

    def get_many(self, lead_ids: Sequence[UUID]) -> tuple[Lead, ...]:
        """Read leads by id, in the order given."""
        with self._run.reading() as uow:
            rows = uow.connection.execute(
                select(LEADS).where(
                    LEADS.c.tenant_id == uow.tenant_id, LEADS.c.id.in_(list(lead_ids))
                )
            ).all()
        found = {row.id: self._seen(lead_of(row)) for row in rows}
        return tuple(found[lead_id] for lead_id in lead_ids if lead_id in found)

    def by_lote(self, lote_id: UUID) -> tuple[Lead, ...]:
        """Read the leads of a lot, highest priority first."""
        with self._run.reading() as uow:
            rows = uow.connection.execute(
                select(LEADS)
                .where(LEADS.c.tenant_id == uow.tenant_id, LEADS.c.lote_id == lote_id)
                .order_by(LEADS.c.prioridade.desc().nulls_last(), LEADS.c.id)
            ).all()
        return tuple(self._seen(lead_of(row)) for row in rows)

    def by_importacao(self, importacao_id: UUID) -> tuple[Lead, ...]:
        """Read the leads that an import brought."""
        with self._run.reading() as uow:
            rows = uow.connection.execute(
                select(LEADS)
                .where(LEADS.c.tenant_id == uow.tenant_id, LEADS.c.importacao_id == importacao_id)
                .order_by(LEADS.c.linha, LEADS.c.id)
            ).all()
        return tuple(self._seen(lead_of(row)) for row in rows)

    def count_pending(self, importacao_id: UUID) -> int:
        """How many leads of an import still wait for enrichment."""
        with self._run.reading() as uow:
            count: int = uow.connection.execute(
                select(func.count())
                .select_from(LEADS)
                .where(
                    LEADS.c.tenant_id == uow.tenant_id,
                    LEADS.c.importacao_id == importacao_id,
                    LEADS.c.enriquecimento == "pendente",
                )
            ).scalar_one()
        return count

    def permitted(self, lead_ids: Sequence[UUID], finalidade: str) -> tuple[UUID, ...]:
        """Read which leads' data may be used for a purpose, in the order given."""
        with self._run.reading() as uow:
            found = decisoes(uow, lead_ids, finalidade)
        return tuple(
            lead_id for lead_id in lead_ids if lead_id in found and found[lead_id].permitido
        )

    def lote(self, lote_id: UUID) -> Lote:
        """Read one lot."""
        with self._run.reading() as uow:
            row = uow.connection.execute(
                select(LOTES).where(LOTES.c.tenant_id == uow.tenant_id, LOTES.c.id == lote_id)
            ).one_or_none()
        if row is None:
            raise NotFound("lote não encontrado")
        return lote_of(row)

    def importacao(self, importacao_id: UUID) -> Importacao:
        """Read one import."""
        with self._run.reading() as uow:
            return importacoes.facts(uow, importacao_id)

    def rows(self, importacao_id: UUID) -> Iterator[LinhaBruta]:
        """Iterate the raw rows of an upload; no transaction is open meanwhile."""
        with self._run.reading() as uow:
            source = importacoes.source(self._ports, uow, importacao_id)
        return source.linhas()

    def stage(
        self,
        importacao_id: UUID,
        batch: int,
        leads: Sequence[LeadHigienizado],
        rejeitos: Sequence[Rejeito],
    ) -> StagedLeads:
        """Claim: insert a batch of cleaned rows, once."""
        if len(leads) > STAGE_LIMIT:
            raise PermanentError(f"a batch has at most {STAGE_LIMIT} rows")
        if any(rejeito.classe not in REJEITO_CLASSES for rejeito in rejeitos):
            raise PermanentError(f"reject classes are {', '.join(REJEITO_CLASSES)}")
        with self._run.reading() as uow:
            staged = stage(self._ports, uow, importacao_id, batch, leads, rejeitos)
        self._run.write(lambda uow: exigir_parte(uow, importacao_id, batch))
        return staged

    def create_lotes(self, importacao_id: UUID, lotes: Sequence[NovoLote]) -> tuple[Lote, ...]:
        """Claim: create the lots of an import, once; the event that was first keeps them."""
        assert self._run.event is not None
        owner = self._run.event.id
        ids = [uuid5(owner, f"lote:{index}") for index in range(len(lotes))]
        with self._run.reading() as uow:
            importacoes.lock(uow, importacao_id)
            existing = uow.connection.execute(
                select(LOTES).where(
                    LOTES.c.tenant_id == uow.tenant_id, LOTES.c.importacao_id == importacao_id
                )
            ).all()
            if not existing:
                for lote_id, lote in zip(ids, lotes, strict=True):
                    self._insert_lote(uow, importacao_id, lote_id, lote)
                existing = uow.connection.execute(
                    select(LOTES).where(
                        LOTES.c.tenant_id == uow.tenant_id,
                        LOTES.c.importacao_id == importacao_id,
                    )
                ).all()
        mine = {row.id: lote_of(row) for row in existing}
        return tuple(mine[lote_id] for lote_id in ids if lote_id in mine)

    def update(self, lead_id: UUID, changes: LeadChanges) -> None:
        """Write: set fields of a lead that was read before."""
        values = {name: value for name, value in asdict(changes).items() if value is not None}
        versao = self._run.version_of("leads", lead_id)

        def write(uow: UnitOfWork) -> None:
            status = values.get("status")
            row = service.find(uow, lead_id, lock=True)
            final = dict(values)
            if status is not None:
                final["status"] = proximo_status(row.status, status)
                marco = MARCOS.get(status)
                if marco is not None and getattr(row, marco) is None:
                    final[marco] = uow.agora
            if "metadata" in final:
                final["metadata"] = {**row.metadata, **final["metadata"]}
            service.apply(uow, lead_id, final, versao=versao + bumps[0])
            bumps[0] += 1

        bumps = self._run.bumps.setdefault(lead_id, [0])
        self._run.write(write)

    def finish_importacao(self, importacao_id: UUID, erro: str | None = None) -> None:
        """Write: the file was read to its end, or could not be."""
        self._run.write(lambda uow: importacoes.finish(self._ports, uow, importacao_id, erro))

    def opt_out(self, lead_id: UUID, motivo: str) -> None:
        """Write: suppress the lead on every channel."""
        ports, ator, trace_id = self._ports, self._ator, self._run.trace_id

        def write(uow: UnitOfWork) -> None:
            service.opt_out(ports, uow, lead_id, motivo, ator, trace_id)

        self._run.write(counted(self._run, lead_id, write))

    def refuse(self, lead_id: UUID, motivo: str) -> None:
        """Write: the lead said no."""
        ports, ator, trace_id = self._ports, self._ator, self._run.trace_id

        def write(uow: UnitOfWork) -> None:
            service.refuse(ports, uow, lead_id, motivo, ator, trace_id)

        self._run.write(counted(self._run, lead_id, write))

    def pause(self, lead_id: UUID, motivo: str, causa: str | None = None) -> None:
        """Write: stop machine messages until a person decides."""
        if causa not in (None, LEITURA_INCERTA):
            raise PermanentError(f"the cause of a pause is {LEITURA_INCERTA} or none")
        ports, ator, trace_id = self._ports, self._ator, self._run.trace_id

        def write(uow: UnitOfWork) -> None:
            service.pause(ports, uow, lead_id, motivo, ator, trace_id, causa)

        self._run.write(counted(self._run, lead_id, write))

    def _seen(self, lead: Lead) -> Lead:
        self._run.remember("leads", lead.id, lead.versao)
        return lead

    def _insert_lote(
        self, uow: UnitOfWork, importacao_id: UUID, lote_id: UUID, lote: NovoLote
    ) -> None:
        uow.connection.execute(
            insert(LOTES).values(
                id=lote_id,
                tenant_id=uow.tenant_id,
                versao=1,
                importacao_id=importacao_id,
                nome=lote.nome,
                segmento=lote.segmento,
                prioridade=lote.prioridade,
                quantidade=len(lote.lead_ids),
                setor=lote.setor,
                porte=lote.porte,
                regiao=lote.regiao,
                created_at=uow.agora,
            )
        )
        uow.connection.execute(
            update(LEADS)
            .where(LEADS.c.tenant_id == uow.tenant_id, LEADS.c.id.in_(list(lote.lead_ids)))
            .values(
                lote_id=lote_id,
                segmento=lote.segmento,
                versao=LEADS.c.versao + 1,
                updated_at=uow.agora,
            )
        )


def counted(run: Run, lead_id: UUID, write: Write) -> Write:
    """A write that changes a lead's ``versao`` by itself, so that a guarded one may follow it."""

    def writing(uow: UnitOfWork) -> None:
        before: int = service.find(uow, lead_id, lock=True).versao
        write(uow)
        run.bumps.setdefault(lead_id, [0])[0] += service.find(uow, lead_id).versao - before

    return writing
