"""The daily report: figures, insights, PDF, mail, event."""

from __future__ import annotations

from dataclasses import replace

from alquimista_sdk import AgentContext, AgentEvent
from alquimista_sdk.events import Subject
from alquimista_sdk.models import Anexo
from nigredo_relatorios import correio, pdf
from nigredo_relatorios.insights import interpretar
from nigredo_relatorios.numeros import dia
from nigredo_relatorios.periodo import ate_ontem


def publicar(event: AgentEvent, context: AgentContext) -> None:
    """Publish the report of the days that end yesterday (tenant's zone) and mail it.

    What is kept and printed are the figures of the whole period; yesterday alone is shown beside
    them. The file, the mail's key and the event carry yesterday's date.
    """
    tenant = context.tenant
    periodo = ate_ontem(context.now, tenant.fuso_horario, int(context.config["dias"]))
    metricas = context.relatorios.metrics(periodo.inicio, periodo.fim)
    ontem = context.relatorios.metrics(periodo.fim, periodo.fim)
    leitura = interpretar(event, context, metricas, ontem)
    relatorio = pdf.Relatorio(
        empresa=" ".join(tenant.nome.split()),
        sandbox=tenant.sandbox,
        metricas=replace(metricas, insights=leitura.frases),
        ontem=ontem,
        modelo=leitura.modelo,
    )
    documento = pdf.montar(relatorio)
    data = periodo.fim.isoformat()
    context.relatorios.publish(periodo.fim, relatorio.metricas, documento)
    if not tenant.emails_gestores:
        context.log.warning("the tenant has no managers to mail the report to")
    context.relatorios.mail_managers(
        correio.assunto(relatorio),
        correio.mensagem(relatorio),
        [Anexo(f"relatorio-{data}.pdf", "application/pdf", documento)],
        chave=f"relatorio-{data}",
    )
    context.events.publish(
        "published",
        Subject("tenant", tenant.id),
        decision=f"Relatório de {dia(periodo.fim)} publicado.",
        metadata={"data": data},
    )
