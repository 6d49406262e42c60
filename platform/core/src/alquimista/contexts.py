"""Makes the context of an agent's run: which service of the contract is which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alquimista.db.session import Database
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.ferramentas.service import ServidorService
from alquimista.plataforma.tenants.service import TenantService
from alquimista.prospeccao.agendamentos.context import AgendamentosContext
from alquimista.prospeccao.aprendizado.context import ModelosContext
from alquimista.prospeccao.aprendizado.modelos import Modelos
from alquimista.prospeccao.aprovacoes.context import AprovacoesContext
from alquimista.prospeccao.campanhas.context import CampanhasContext
from alquimista.prospeccao.conhecimento.context import ConhecimentoContext
from alquimista.prospeccao.conversas.context import ConversasContext
from alquimista.prospeccao.disparos.context import DisparosContext
from alquimista.prospeccao.leads.chaves import LeadKeys
from alquimista.prospeccao.leads.context import LeadsContext
from alquimista.prospeccao.relatorios.context import RelatoriosContext
from alquimista.runtime.admission import Catalogue
from alquimista.runtime.context import RuntimeContext, ServiceFactory
from alquimista.runtime.journal import RunTools
from alquimista.runtime.operations import OperationCaller, RunOperations
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import EventPublisher
from alquimista.runtime.run import Run
from alquimista.runtime.state import RunEvents, RunState
from alquimista.settings import Settings
from alquimista.tools.catalogue import build_registry


class Contexts:
    """Makes the context of a run: a factory per service of the contract."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ports: Ports,
        keys: LeadKeys,
        publisher: EventPublisher,
        tenants: TenantService,
        catalogue: Catalogue,
        servidores: ServidorService,
    ) -> None:
        self._database = database
        self._tenants = tenants
        self.operations = OperationCaller(catalogue, self._config, self.make)
        self._factories: dict[str, ServiceFactory] = {
            "leads": lambda run: LeadsContext(run, ports),
            "campanhas": lambda run: CampanhasContext(run, ports),
            "aprovacoes": lambda run: AprovacoesContext(run, ports),
            "disparos": lambda run: DisparosContext(run, ports),
            "conversas": lambda run: ConversasContext(run, ports),
            "agendamentos": lambda run: AgendamentosContext(run, ports),
            "relatorios": lambda run: RelatoriosContext(run, ports),
            "conhecimento": lambda run: ConhecimentoContext(run, ports),
            "tools": lambda run: RunTools(
                run,
                lambda r: build_registry(
                    r.tenant, database, settings, None, servidores.registered(r.tenant.id)
                ),
                keys,
            ),
            "operations": lambda run: RunOperations(run, self.operations),
            "events": lambda run: RunEvents(run, publisher),
            "state": RunState,
            "modelos": lambda run: ModelosContext(run, Modelos(database, ports, tenants)),
        }

    def make(self, run: Run) -> RuntimeContext:
        """The context of one run."""
        return RuntimeContext(run, self._factories, self._denied)

    def _config(self, run: Run, slug: str) -> Mapping[str, Any] | None:
        with run.reading() as uow:
            return self._tenants.config(uow.connection, uow.tenant_id, slug)

    def _denied(self, run: Run, scope: str) -> None:
        with self._database.unit_of_work(run.tenant.id) as uow:
            record(
                uow,
                Ator("agente", run.manifest.slug, run.manifest.slug),
                "escopo.negado",
                resultado="recusado",
                detalhes={"escopo": scope},
                trace_id=run.trace_id,
            )
