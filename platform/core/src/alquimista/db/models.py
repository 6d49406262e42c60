"""Every model of the core, so that one metadata holds them all."""

from __future__ import annotations

from alquimista.db.base import Base
from alquimista.plataforma.audit import models as audit
from alquimista.plataforma.chamadas import models as chamadas
from alquimista.plataforma.ferramentas import models as ferramentas
from alquimista.plataforma.identity import models as identity
from alquimista.plataforma.marketplace import models as marketplace
from alquimista.plataforma.tenants import models as tenants
from alquimista.plataforma.webhooks import models as webhooks
from alquimista.prospeccao.agendamentos import models as agendamentos
from alquimista.prospeccao.aprendizado import models as aprendizado
from alquimista.prospeccao.aprovacoes import models as aprovacoes
from alquimista.prospeccao.campanhas import models as campanhas
from alquimista.prospeccao.conhecimento import models as conhecimento
from alquimista.prospeccao.conversas import models as conversas
from alquimista.prospeccao.disparos import models as disparos
from alquimista.prospeccao.finalidades import models as finalidades
from alquimista.prospeccao.fusoes import models as fusoes
from alquimista.prospeccao.importacoes import models as importacoes
from alquimista.prospeccao.leads import models as leads
from alquimista.prospeccao.relatorios import models as relatorios
from alquimista.prospeccao.titulares import models as titulares
from alquimista.runtime import models as runtime
from alquimista.sandbox import models as sandbox

MODULES = (
    audit,
    chamadas,
    ferramentas,
    identity,
    marketplace,
    tenants,
    agendamentos,
    aprendizado,
    aprovacoes,
    campanhas,
    conhecimento,
    conversas,
    disparos,
    finalidades,
    fusoes,
    importacoes,
    leads,
    relatorios,
    runtime,
    sandbox,
    titulares,
    webhooks,
)
metadata = Base.metadata
