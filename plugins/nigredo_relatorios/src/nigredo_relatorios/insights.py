"""What the figures say, in sentences: written by a model and checked, or by the rules here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alquimista_sdk import AgentContext, AgentEvent
from alquimista_sdk.errors import DeadlineExceeded, PermanentError, ScopeDenied, TransientError
from alquimista_sdk.models import MetricasFunil
from nigredo_relatorios import indicadores
from nigredo_relatorios.conferencia import MAX_FRASES, conferir, conhecidos
from nigredo_relatorios.numeros import contado, inteiro, percentual

MAX_CARACTERES = 1200
_TENTATIVAS_COM_MODELO = 3
_PROMPT = (
    "Você lê os números de um funil de prospecção para os gestores da empresa. "
    f"Escreva de três a {MAX_FRASES} frases, uma por linha, sem títulos nem marcadores: o que "
    "limita o funil, o que foi bem e o que fazer a seguir. Use apenas números que estão nos "
    "dados, copiados como estão, sempre em algarismos, com vírgula decimal e ponto de milhar. "
    "Não calcule números novos, não cite valores em dinheiro e não faça previsões. Onde uma taxa "
    "não tem valor, diga que não há dados."
)


@dataclass(frozen=True, slots=True)
class Leitura:
    """The sentences of a report; ``modelo`` is who wrote them, None where the rules did."""

    frases: tuple[str, ...]
    modelo: str | None = None


def interpretar(
    event: AgentEvent, context: AgentContext, metricas: MetricasFunil, ontem: MetricasFunil
) -> Leitura:
    """Ask the writer and keep what the figures bear out; where nothing is left, the rules write.

    Raises:
        TransientError: the writer does not answer and the event may still be run again.
    """
    resposta = _pedir(event, context, metricas, ontem)
    if resposta is not None:
        frases = conferir(str(resposta["texto"]), conhecidos(metricas, ontem))
        if frases:
            return Leitura(frases, str(resposta["modelo"]))
        context.log.warning("no sentence of the written insights holds; the rules write them")
    return Leitura(por_regras(metricas, ontem))


def variaveis(metricas: MetricasFunil, ontem: MetricasFunil) -> dict[str, Any]:
    """What the writer gets: totals and rates, never a person's data or words."""
    ponto = indicadores.movimento(ontem)
    return {
        "periodo": {"inicio": metricas.inicio.isoformat(), "fim": metricas.fim.isoformat()},
        "metricas": {
            "leads_recebidos": metricas.leads_recebidos,
            "leads_enriquecidos": metricas.leads_enriquecidos,
            "leads_contatados": metricas.leads_contatados,
            "leads_responderam": metricas.leads_responderam,
            "leads_interessados": metricas.leads_interessados,
            "leads_agendados": metricas.leads_agendados,
            "leads_convertidos": metricas.leads_convertidos,
            "leads_descadastrados": metricas.leads_descadastrados,
            "taxas": [
                {
                    "nome": f"taxa de {indicadores.rotulo(taxa)}",
                    "numerador": taxa.numerador,
                    "denominador": taxa.denominador,
                    "denominador_nome": taxa.denominador_nome,
                    "valor": taxa.valor,
                }
                for taxa in metricas.taxas
            ],
            "objecoes_recorrentes": [
                {"objecao": item.objecao, "frequencia": item.frequencia}
                for item in metricas.objecoes_recorrentes
            ],
        },
        "percentual_descadastro": indicadores.descadastro(metricas).valor,
        "ontem": {
            "recebidos": ponto.recebidos,
            "contatados": ponto.contatados,
            "responderam": ponto.responderam,
            "agendados": ponto.agendados,
        }
        if ponto is not None
        else None,
    }


def por_regras(metricas: MetricasFunil, ontem: MetricasFunil) -> tuple[str, ...]:
    """Sentences that follow from the figures alone; at least one, at most ``MAX_FRASES``."""
    frases = (
        *_volume(metricas),
        *_gargalo(metricas),
        *_objecao(metricas),
        *_saidas(metricas),
        *_ontem(ontem),
    )
    return frases[:MAX_FRASES]


def _pedir(
    event: AgentEvent, context: AgentContext, metricas: MetricasFunil, ontem: MetricasFunil
) -> dict[str, Any] | None:
    """The writer's answer; None where it refuses, or still fails when the event is given up."""
    try:
        resposta = context.tools.call(
            "llm.write",
            {
                "tarefa": "insights_relatorio",
                "prompt": _PROMPT,
                "variaveis": variaveis(metricas, ontem),
                "trechos": [],
                "max_caracteres": MAX_CARACTERES,
            },
        )
    except (ScopeDenied, DeadlineExceeded):
        raise
    except PermanentError as error:
        context.log.warning("the writer refused; the rules write the insights", code=error.code)
        return None
    except TransientError as error:
        # Managers would rather have the figures with plainer words than no report at all.
        if event.attempt < _TENTATIVAS_COM_MODELO:
            raise
        context.log.warning("the writer is out; the rules write the insights", code=error.code)
        return None
    return dict(resposta)


def _volume(metricas: MetricasFunil) -> Iterator[str]:
    if metricas.leads_recebidos == 0:
        yield (
            "Nenhum lead foi recebido no período: o funil volta a ser medido com a próxima "
            "importação."
        )
        return
    partes = "; ".join(
        f"{nome.lower()}: {inteiro(valor)}" for nome, valor in indicadores.etapas(metricas)
    )
    yield f"Leads do período por etapa — {partes}."


def _gargalo(metricas: MetricasFunil) -> Iterator[str]:
    com_valor = [(taxa.valor, taxa) for taxa in metricas.taxas if taxa.valor is not None]
    if not com_valor:
        return
    valor, taxa = min(com_valor, key=lambda par: par[0])
    if valor < 100:
        yield (
            f"A menor taxa do funil é a de {indicadores.rotulo(taxa)}: {percentual(valor)} "
            f"({inteiro(taxa.numerador)} de {inteiro(taxa.denominador)}; "
            f"base: {taxa.denominador_nome})."
        )


def _objecao(metricas: MetricasFunil) -> Iterator[str]:
    objecao = indicadores.objecao_principal(metricas)
    if objecao is not None:
        vezes = contado(objecao.frequencia, "mensagem", "mensagens")
        yield (
            f"A objeção mais frequente foi “{objecao.objecao}”, em {vezes}: vale conferir se a "
            "base de conhecimento responde a ela."
        )


def _saidas(metricas: MetricasFunil) -> Iterator[str]:
    taxa = indicadores.descadastro(metricas)
    if taxa.numerador == 0:
        return
    parte = f" ({percentual(taxa.valor)} dos leads contatados)" if taxa.valor is not None else ""
    yield f"Pedidos de descadastro no período: {inteiro(taxa.numerador)}{parte}."


def _ontem(ontem: MetricasFunil) -> Iterator[str]:
    ponto = indicadores.movimento(ontem)
    if ponto is None:
        return
    if not (ponto.recebidos or ponto.contatados or ponto.responderam or ponto.agendados):
        yield "Ontem não houve movimento no funil."
        return
    yield (
        f"Ontem: {contado(ponto.recebidos, 'lead recebido', 'leads recebidos')}, "
        f"{contado(ponto.contatados, 'contatado', 'contatados')}, "
        f"{contado(ponto.responderam, 'respondeu', 'responderam')} e "
        f"{contado(ponto.agendados, 'reunião marcada', 'reuniões marcadas')}."
    )
