"""A tenant without agents, its leads and messages, and hands to let the sender work on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, create_engine, insert, text, update

from alquimista.bootstrap import System
from alquimista.db.session import UnitOfWork
from alquimista.plataforma.tenants.domain import Configuracoes
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from alquimista.prospeccao.aprovacoes.models import Aprovacao
from alquimista.prospeccao.campanhas.models import Campanha
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.leads.models import Lead
from alquimista.runtime.publishing import NewEvent
from alquimista.runtime.topology import SENDER_QUEUE, TIMER_SOURCE
from alquimista.sandbox.demo.semana import proxima_segunda
from alquimista_sdk.events import EventContext, FractalDetail, Subject

HASH = "a" * 64
_STUCK_SECONDS = 60.0


@dataclass
class Bancada:
    """One tenant of a system; business time only moves when a test moves it."""

    system: System
    tenant_id: UUID
    campanha_id: UUID = field(default_factory=uuid4)

    @classmethod
    def montar(cls, system: System, limites: dict[str, int] | None = None) -> Bancada:
        """A sandbox tenant on a Monday at 10:00 in São Paulo, with an approved campaign."""
        raw: dict[str, Any] = {"email_remetente": "vendas@aurora.example.com"}
        if limites:
            raw["limites"] = limites
        novo = NovoTenant(
            nome=f"Conta {uuid4()}",
            email=f"{uuid4()}@aurora.example.com",
            senha="Aurora2026",
            sandbox=True,
            configuracoes=Configuracoes.from_json(raw),
        )
        made = cls(system, provision_tenant(system.settings.owner_dsn, novo))
        made.avancar(proxima_segunda(made.agora()) + timedelta(hours=2.5) - made.agora())
        with made.uow() as uow:
            made._campanha(uow)
        return made

    def uow(self) -> Any:
        """A unit of work of the tenant."""
        return self.system.database.unit_of_work(self.tenant_id)

    def agora(self) -> datetime:
        """The tenant's business time."""
        with self.uow() as uow:
            moment: datetime = uow.agora
        return moment

    def avancar(self, step: timedelta) -> None:
        """Move business time."""
        with self.uow() as uow:
            self.system.services.tenants.move_clock(uow, step)

    def rows(self, sql: str, **values: Any) -> list[Row[Any]]:
        """Rows as the tenant sees them."""
        with self.uow() as uow:
            return list(uow.connection.execute(text(sql), values).all())

    def lead(self, **values: Any) -> UUID:
        """A lead that may be written to by e-mail."""
        lead_id = uuid4()
        email = values.pop("email", f"{lead_id}@cliente.example.com")
        with self.uow() as uow:
            row = {
                "id": lead_id,
                "tenant_id": uow.tenant_id,
                "empresa": "Prensas Vale",
                "email": email,
                "email_norm": email,
                "chave_dedupe": f"{email}|",
                "status": "enriquecido",
                "base_legal": "legitimo_interesse",
                "created_at": uow.agora,
                "updated_at": uow.agora,
                "metadata_": {},
            }
            uow.connection.execute(insert(Lead).values(**row | values))
        return lead_id

    def muda_lead(self, lead_id: UUID, **values: Any) -> None:
        """What somebody else changes of a lead."""
        with self.uow() as uow:
            uow.connection.execute(
                update(Lead)
                .where(Lead.tenant_id == uow.tenant_id, Lead.id == lead_id)
                .values(**values, versao=Lead.versao + 1)
            )

    def muda_campanha(self, **values: Any) -> None:
        """What somebody changes of the campaign."""
        with self.uow() as uow:
            uow.connection.execute(
                update(Campanha)
                .where(Campanha.tenant_id == uow.tenant_id, Campanha.id == self.campanha_id)
                .values(**values)
            )

    def muda_conta(self, status: str) -> None:
        """What the platform's operators do to the tenant."""
        with self.owner() as connection:
            connection.execute(
                text("UPDATE alquimista_platform.tenants SET status = :status WHERE id = :id"),
                {"status": status, "id": self.tenant_id},
            )

    def recebe(self, lead_id: UUID, mensagem: str = "Oi") -> None:
        """A message of the lead, as the conversation keeps it."""
        with self.uow() as uow:
            uow.connection.execute(
                insert(Interacao).values(
                    tenant_id=uow.tenant_id,
                    lead_id=lead_id,
                    tipo="recebido",
                    canal="email",
                    mensagem=mensagem,
                    provider_id=str(uuid4()),
                    trace_id=uuid4(),
                    created_at=uow.agora,
                )
            )

    def planeja(
        self,
        lead_id: UUID | None,
        *,
        tipo: str = "prospeccao",
        em: timedelta | None = None,
        **more: Any,
    ) -> UUID:
        """A message; ``em`` from now, None: due at once."""
        prospecting = {"campanha_id": self.campanha_id, "etapa": "topo", "variante": "A"}
        values: dict[str, Any] = {
            "canal": "email",
            "assunto": "Olá",
            "mensagem": "Podemos conversar?",
            "chave": f"{self.tenant_id}-{uuid4()}",
            **(prospecting if tipo == "prospeccao" else {}),
            **more,
        }
        with self.uow() as uow:
            disparo_id = disparos.request(
                self.system.services.ports,
                uow,
                tipo=tipo,
                lead_id=lead_id,
                enviar_em=uow.agora + em if em is not None else None,
                trace_id=uuid4(),
                **values,
            )
        assert disparo_id is not None
        return disparo_id

    def chama(self, disparo_id: UUID, vezes: int = 1) -> None:
        """Publish the event that brings a message to the sender, maybe more than once."""
        detail = FractalDetail(
            subject=Subject("tenant", self.tenant_id),
            context=EventContext(metadata={"ref_id": str(disparo_id)}),
        )
        with self.uow() as uow:
            self.system.services.publisher.publish(
                uow, [NewEvent(TIMER_SOURCE, "disparo", detail, uuid4()) for _ in range(vezes)]
            )

    def disparo(self, disparo_id: UUID) -> Row[Any]:
        """A message's row."""
        [row] = self.rows("SELECT * FROM nigredo_leads.disparos WHERE id = :id", id=disparo_id)
        return row

    def recusas(self, disparo_id: UUID) -> dict[str, str]:
        """Code and words of the checks that refused a message."""
        checks = self.disparo(disparo_id).verificacoes
        return {c["codigo"]: c["motivo"] for c in checks if c["resultado"] == "recusado"}

    def trabalha(self, batch: int = 20) -> None:
        """Let one worker handle what is due now, timers included."""
        worker = self.system.worker((SENDER_QUEUE,))
        while self.system.ticker.tick() + worker.run_once(batch):
            continue

    def ate_o_fim(self, threads: int = 4) -> int:
        """Let threads work while time jumps from timer to timer; answers how many jumps."""
        jumps = 0
        with self.trabalhando(threads):
            while True:
                self._esvazia()
                with self.uow() as uow:
                    due = self.system.timers.next_due(uow.connection, self.tenant_id)
                    if due is None:
                        return jumps
                    if due > uow.agora:
                        self.system.services.tenants.move_clock(uow, due - uow.agora)
                        jumps += 1

    @contextmanager
    def trabalhando(self, threads: int) -> Iterator[None]:
        """Workers of the sender's queue, each in a thread of its own."""
        stop = threading.Event()

        def work() -> None:
            worker = self.system.worker((SENDER_QUEUE,))
            while not stop.is_set():
                if worker.run_once(3) == 0:
                    stop.wait(0.003)

        with ThreadPoolExecutor(threads) as pool:
            running = [pool.submit(work) for _ in range(threads)]
            try:
                yield
            finally:
                stop.set()
            for job in running:
                job.result()

    def esquece_quedas(self) -> None:
        """As if every visibility timeout and every lease had passed."""
        with self.owner() as connection:
            for statement in (
                "UPDATE fibonacci_core.queue_messages SET visible_at = clock_timestamp()",
                "UPDATE fibonacci_core.inbox SET lease_until = clock_timestamp()",
                "UPDATE fibonacci_core.leases SET lease_until = clock_timestamp()",
            ):
                connection.execute(text(statement))

    def mortas(self) -> Sequence[Row[Any]]:
        """Every dead letter."""
        with self.owner() as connection:
            return connection.execute(text("SELECT * FROM fibonacci_core.dead_letters")).all()

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """A transaction of the owner login, which sees every tenant."""
        engine = create_engine(self.system.settings.owner_dsn)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def _esvazia(self) -> None:
        end = time.monotonic() + _STUCK_SECONDS
        while time.monotonic() < end:
            fired = self.system.ticker.tick()
            depth = self.system.services.queues.depth()[SENDER_QUEUE]
            if not fired and not (depth.waiting or depth.in_flight or depth.delayed):
                return
            time.sleep(0.003)
        raise TimeoutError("the sender's queue does not empty")

    def _campanha(self, uow: UnitOfWork) -> None:
        common = {"tenant_id": uow.tenant_id, "created_at": uow.agora}
        uow.connection.execute(
            insert(Campanha).values(
                **common,
                id=self.campanha_id,
                nome="Campanha",
                canal="email",
                mensagens={},
                ritmo={},
                status="ativa",
                conteudo_hash=HASH,
                trace_id=uuid4(),
                updated_at=uow.agora,
            )
        )
        uow.connection.execute(
            insert(Aprovacao).values(
                **common,
                tipo="campanha",
                ref_id=self.campanha_id,
                conteudo_hash=HASH,
                status="aprovada",
                resumo="Campanha",
            )
        )
