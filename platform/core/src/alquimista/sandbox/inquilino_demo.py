"""The demo tenant: who it is, what it knows, and its agents switched on."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from alquimista.bootstrap import System
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.marketplace.activation import Activations
from alquimista.plataforma.marketplace.config import ConfigInvalida
from alquimista.plataforma.marketplace.service import AgenteRecusado, GanchoFalhou
from alquimista.plataforma.tenants.domain import Configuracoes
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from alquimista.prospeccao.conhecimento import service as conhecimento

logger = logging.getLogger(__name__)
NOME = "Metalúrgica Aurora (demonstração)"
EMAIL = "admin@aurora.example.com"
SENHA = "Aurora2026"
REMETENTE = "vendas@aurora.example.com"
GESTORES = ("gestao@aurora.example.com",)
CONFIGURACOES: dict[str, Any] = {
    "email_remetente": REMETENTE,
    "emails_gestores": list(GESTORES),
    "tom_marca": "consultivo e cordial",
    "ddd_padrao": "11",
    "perfil_ideal": {
        "setores": ["Indústria", "Logística", "Comércio"],
        "portes": ["ME", "EPP"],
        "ufs": ["SP", "RJ", "MG", "PR", "SC", "RS"],
    },
    "canais": {"email": REMETENTE, "whatsapp": "550000000001"},
    "modelos_whatsapp": [{"nome": "aurora_mensagem"}],
    "nome_vendedor": "Camila Rocha",
}
CONHECIMENTO = (
    (
        "Preços",
        "O plano Essencial custa R$ 490 por mês, com até 5 usuários. O plano Profissional custa "
        "R$ 1.290 por mês, com usuários ilimitados. Não há taxa de implantação.",
        "preço valor custo quanto custa plano mensalidade orçamento",
    ),
    (
        "Prazo de implantação",
        "A implantação leva em média 15 dias úteis, com acompanhamento de um especialista.",
        "prazo demora implantação quando começa tempo instalação",
    ),
    (
        "Integrações",
        "Há integração pronta com os principais ERPs do mercado e uma API aberta documentada.",
        "integra integração sistema erp api totvs sap bling omie",
    ),
    (
        "O que fazemos",
        "Ajudamos indústrias e distribuidores a controlar pedidos, estoque e produção em um só "
        "lugar, com visão em tempo real do chão de fábrica.",
        "o que fazem empresa produto serviço como funciona solução vendem",
    ),
    (
        "Segurança e LGPD",
        "Os dados ficam hospedados no Brasil, com criptografia e acesso auditado. Temos "
        "encarregado de dados e contrato de tratamento conforme a LGPD.",
        "lgpd segurança dados privacidade hospedagem backup",
    ),
    (
        "Suporte",
        "O suporte atende de segunda a sexta, das 8h às 18h, por telefone, e-mail e chat.",
        "suporte atendimento ajuda horário sábado treinamento",
    ),
)


def provision(system: System) -> UUID:
    """Make the demo tenant, once: its admin, its knowledge base, every agent active."""
    tenant_id = provision_tenant(
        system.settings.owner_dsn,
        NovoTenant(
            nome=NOME,
            email=EMAIL,
            senha=SENHA,
            nome_admin="Ana Lima",
            sandbox=True,
            configuracoes=Configuracoes.from_json(CONFIGURACOES),
        ),
    )
    services = system.services
    with system.database.unit_of_work(tenant_id) as uow:
        if conhecimento.list_all(uow):
            return tenant_id
        for titulo, texto, palavras in CONHECIMENTO:
            conhecimento.add(uow, titulo, texto, palavras)
    activations = Activations(system.database, services.ports, services.catalogue, services.hooks)
    for slug in services.catalogue.admitted:
        try:
            activations.activate(tenant_id, slug, {}, SISTEMA)
        except (GanchoFalhou, ConfigInvalida, AgenteRecusado) as error:
            logger.error("agent not activated", extra={"agent": slug, "error": str(error)})
    return tenant_id
