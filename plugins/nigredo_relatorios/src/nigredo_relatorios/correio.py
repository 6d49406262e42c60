"""The mail that carries the report to the managers."""

from __future__ import annotations

from nigredo_relatorios.indicadores import etapas
from nigredo_relatorios.numeros import dia, inteiro
from nigredo_relatorios.pdf import MARCA_SANDBOX, Relatorio
from nigredo_relatorios.periodo import Periodo


def assunto(relatorio: Relatorio) -> str:
    """The subject line: whose funnel, up to which day."""
    return f"Relatório do funil – {relatorio.empresa} – {dia(relatorio.metricas.fim)}"


def mensagem(relatorio: Relatorio) -> str:
    """The body in plain text: the steps of the funnel and the insights."""
    metricas = relatorio.metricas
    linhas = [
        "Olá,",
        "",
        f"Segue em anexo o relatório do funil de {relatorio.empresa}, "
        f"de {Periodo(metricas.inicio, metricas.fim)}.",
        "",
        *(f"{nome}: {inteiro(valor)}" for nome, valor in etapas(metricas)),
        "",
        *(f"- {frase}" for frase in metricas.insights),
    ]
    if relatorio.sandbox:
        linhas += ["", f"{MARCA_SANDBOX}: os números vêm de dados de teste."]
    return "\n".join(linhas)
