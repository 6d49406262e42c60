"""Learning from an account's corrections, in pure Python, in seconds.

Passive-aggressive updates (Crammer et al., "Online Passive-Aggressive Algorithms", JMLR 2006,
PA-I) move the scores of the corrected messages to the right side of a margin and leave everything
else as near to the shipped model as that allows. Only traces that are rare in the shipped replies
move: a common one is evidence in thousands of messages, and a few corrections say little about
those. Each part of the model (request to stop, intent, tone, intensity) takes the widest reach that
is no worse on the shipped folds than the shipped model, and none where there is no such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.learning import CorrectedExample, Evaluation, Progress, Training
from nigredo_sentimento.ajuste import Pesos, acrescimo, ajustado, escrever_ajuste, ler_ajuste
from nigredo_sentimento.analise import Leitura, desfecho, intencao_de, observar
from nigredo_sentimento.descadastro import CERTO, INCERTO, NAO
from nigredo_sentimento.dobras import Dobrado, dobras
from nigredo_sentimento.medidas_da_conta import Lida, medir, nao_pior
from nigredo_sentimento.modelo import (
    CABECAS,
    INTENCOES,
    MODELO_SHA256,
    SENTIMENTOS,
    blocos,
    modelo,
)
from nigredo_sentimento.tracos import Tracos

MINIMO = 5
"""Fewer corrections than this are anecdotes."""

ALCANCES = (45, 20, 8, 3, 1, 0)
"""A trace may learn that stands in at most so many replies of the folds; the widest that harms
nothing is taken."""

PARTES: Mapping[str, tuple[str, ...]] = {
    "pedido de saída": ("pedido",),
    "intenção": INTENCOES,
    "tom": SENTIMENTOS,
    "força": ("intensidade",),
}
"""The parts that learn together, the one that matters most first."""

_VOLTAS = 10
_MARGEM = 1.0
_PASSO = 0.5
_PASSO_DA_FORCA = 10.0
_TOLERANCIA = 8.0
_MENOR_NORMA = 0.5
_FATIAS = 5


@dataclass(frozen=True, slots=True)
class _Caso:
    """A message with its traces, the shipped scores, and what each head should say of it."""

    leitura: Leitura
    pontos: tuple[float, ...]
    alvos: Mapping[str, float]
    lida: Lida


class Aprendiz:
    """The learner of ``sentimento.analisar``; see ``alquimista_sdk.learning.Learner``."""

    @property
    def base(self) -> str:
        """The hash of the shipped model."""
        return MODELO_SHA256

    def evaluate(
        self, exemplos: Sequence[CorrectedExample], conteudo: bytes | None, progress: Progress
    ) -> Evaluation:
        """Measure an account's model, or the shipped one.

        Raises:
            PermanentError: the content is no model of this base.
        """
        try:
            pesos = ler_ajuste(conteudo) if conteudo is not None else {}
        except (ValueError, KeyError) as error:
            raise PermanentError("O modelo da conta não é desta versão: treine de novo.") from error
        casos = [_of_correction(exemplo) for exemplo in exemplos]
        return Evaluation(_figures(casos, pesos), _figures(_folds(progress), pesos))

    def train(self, exemplos: Sequence[CorrectedExample], progress: Progress) -> Training:
        """Learn from corrections; see the module."""
        return treinar(
            [_of_correction(exemplo) for exemplo in exemplos], _folds(progress), progress
        )


def aprendiz() -> Aprendiz:
    """The entry point."""
    return Aprendiz()


def treinar(casos: Sequence[_Caso], folds: Sequence[_Caso], progress: Progress) -> Training:
    """Choose, part by part, the widest reach that is no worse on the folds."""
    antes = Evaluation(_figures(casos, {}), _figures(folds, {}))
    if len(casos) < MINIMO:
        motivo = f"São precisas ao menos {MINIMO} correções; há {len(casos)}."
        return Training(False, motivo, None, (), (), antes, antes, {})
    comuns = _frequencies(folds)
    candidatos: dict[int, tuple[Pesos, list[list[float]]]] = {}
    for numero, alcance in enumerate(ALCANCES):
        progress("aprendendo", numero, len(ALCANCES))
        pesos = aprender(casos, comuns, alcance)
        candidatos[alcance] = pesos, [acrescimo(pesos, caso.leitura.tracos) for caso in folds]
    progress("aprendendo", len(ALCANCES), len(ALCANCES))
    escolhas = _choose(candidatos, folds, antes.dobras)
    final = _columns({parte: candidatos[alcance][0] for parte, alcance in escolhas.items()})
    depois = Evaluation(_figures(casos, final), _figures(folds, final))
    motivo = _why_not(antes, depois, bool(escolhas))
    return Training(
        aceito=not motivo,
        motivo=motivo or "Não é pior em nenhuma medida das dobras.",
        conteudo=escrever_ajuste(final) if not motivo else None,
        partes=tuple(escolhas),
        retidas=tuple(parte for parte in PARTES if parte not in escolhas),
        antes=antes,
        depois=depois,
        fora=_left_out(casos, comuns, escolhas),
    )


def aprender(
    casos: Sequence[_Caso], comuns: Mapping[int, int], alcance: int
) -> dict[int, list[float]]:
    """Weights of rare traces that bring the corrected messages to their side of the margin."""
    pesos: dict[int, list[float]] = {}
    raros = [_rare(caso.leitura.tracos, comuns, alcance) for caso in casos]
    for _ in range(_VOLTAS):
        mudou = False
        for caso, meus in zip(casos, raros, strict=True):
            mais = acrescimo(pesos, caso.leitura.tracos)
            passos = {
                CABECAS.index(nome): passo
                for nome, alvo in caso.alvos.items()
                if (passo := _step(nome, alvo, caso.pontos, mais))
            }
            if meus and passos:
                _add(pesos, meus, passos)
                mudou = True
        if not mudou:
            break
    return pesos


def _frequencies(folds: Sequence[_Caso]) -> Counter[int]:
    """In how many replies of the folds each trace stands."""
    return Counter(
        linha
        for caso in folds
        for linha in {linha for linhas, _ in blocos(caso.leitura.tracos) for linha in linhas}
    )


def _rare(tracos: Tracos, comuns: Mapping[int, int], alcance: int) -> list[tuple[int, float]]:
    """The rare traces of a message with their factors."""
    return [
        (linha, fator)
        for linhas, fator in blocos(tracos)
        for linha in linhas
        if comuns.get(linha, 0) <= alcance
    ]


def _step(nome: str, alvo: float, pontos: Sequence[float], mais: Sequence[float]) -> float:
    """How far one head's score has to move for one message, signed; 0 where it is right enough."""
    cabeca = CABECAS.index(nome)
    ponto = pontos[cabeca] + mais[cabeca]
    if nome == "intensidade":
        erro = alvo - ponto
        excesso = abs(erro) - _TOLERANCIA
        return (1 if erro > 0 else -1) * min(_PASSO_DA_FORCA, excesso) if excesso > 0 else 0.0
    perda = _MARGEM - alvo * ponto
    return alvo * min(_PASSO, perda) if perda > 0 else 0.0


def _add(
    pesos: dict[int, list[float]], raros: Sequence[tuple[int, float]], passos: Mapping[int, float]
) -> None:
    norma = max(_MENOR_NORMA, sum(fator * fator for _, fator in raros))
    for linha, fator in raros:
        meus = pesos.setdefault(linha, [0.0] * len(CABECAS))
        for cabeca, passo in passos.items():
            meus[cabeca] += fator * passo / norma


def _choose(
    candidatos: Mapping[int, tuple[Pesos, list[list[float]]]],
    folds: Sequence[_Caso],
    antes: Mapping[str, float],
) -> dict[str, int]:
    """Which reach each part takes; a part that would harm at every reach is left out."""
    escolhas: dict[str, int] = {}
    mais = [[0.0] * len(CABECAS) for _ in folds]
    for parte, cabecas in PARTES.items():
        colunas = [CABECAS.index(nome) for nome in cabecas]
        for alcance, (pesos, somas) in candidatos.items():
            if not any(linha[c] for linha in pesos.values() for c in colunas):
                continue
            tentativa = [_with(m, s, colunas) for m, s in zip(mais, somas, strict=True)]
            if nao_pior(_measured(folds, tentativa), antes):
                escolhas[parte], mais = alcance, tentativa
                break
    return escolhas


def _with(mais: Sequence[float], soma: Sequence[float], colunas: Sequence[int]) -> list[float]:
    return [soma[c] if c in colunas else mais[c] for c in range(len(CABECAS))]


def _columns(partes: Mapping[str, Pesos]) -> dict[int, list[float]]:
    """One table from the columns that each part chose."""
    final: dict[int, list[float]] = {}
    for parte, pesos in partes.items():
        for coluna in (CABECAS.index(nome) for nome in PARTES[parte]):
            for linha, valores in pesos.items():
                if valores[coluna]:
                    final.setdefault(linha, [0.0] * len(CABECAS))[coluna] = valores[coluna]
    return final


def _why_not(antes: Evaluation, depois: Evaluation, escolheu: bool) -> str:
    """Empty where the new model is to be used."""
    if not escolheu:
        return "Nenhuma parte aprendeu sem piorar nas dobras; o modelo em uso continua."
    if not nao_pior(depois.dobras, antes.dobras):
        return "O modelo novo é pior nas dobras; o modelo em uso continua."
    if all(depois.conta[nome] <= antes.conta[nome] for nome in ("acertos", "descadastros vistos")):
        return "O modelo novo não lê melhor as correções; o modelo em uso continua."
    return ""


def _left_out(
    casos: Sequence[_Caso], comuns: Mapping[int, int], escolhas: Mapping[str, int]
) -> Mapping[str, float]:
    """Figures on corrections, each read by weights that were learned without it."""
    mais: list[list[float]] = [[0.0] * len(CABECAS) for _ in casos]
    for fatia in range(_FATIAS):
        resto = [caso for i, caso in enumerate(casos) if i % _FATIAS != fatia]
        partes = {parte: aprender(resto, comuns, alcance) for parte, alcance in escolhas.items()}
        pesos = _columns(partes)
        for i in range(fatia, len(casos), _FATIAS):
            mais[i] = acrescimo(pesos, casos[i].leitura.tracos)
    return _measured(casos, mais)


def _figures(casos: Sequence[_Caso], pesos: Pesos) -> Mapping[str, float]:
    return _measured(casos, [acrescimo(pesos, caso.leitura.tracos) for caso in casos])


def _measured(casos: Sequence[_Caso], mais: Sequence[Sequence[float]]) -> Mapping[str, float]:
    lidas = [_read(caso, acima) for caso, acima in zip(casos, mais, strict=True)]
    return medir([caso.lida for caso in casos], lidas)


def _read(caso: _Caso, mais: Sequence[float]) -> Lida:
    """What the model decides with these scores, as ``analise.concluir`` does."""
    pontos = {
        nome: ponto + acima for nome, ponto, acima in zip(CABECAS, caso.pontos, mais, strict=True)
    }
    saida = desfecho(caso.leitura.pedido, pontos["pedido"], modelo())
    return Lida(
        intent=intencao_de(saida, pontos),
        sentimento=max(SENTIMENTOS, key=lambda nome: pontos[nome]),
        intensidade=max(0.0, min(100.0, pontos["intensidade"])),
        descadastro=saida,
    )


def _of_correction(exemplo: CorrectedExample) -> _Caso:
    leitura = observar(exemplo.texto, exemplo.anterior)
    pontos = ajustado({}).pontuar(leitura.tracos)
    alvos = {nome: 1.0 if nome == exemplo.intent else -1.0 for nome in INTENCOES}
    alvos |= {nome: 1.0 if nome == exemplo.sentimento else -1.0 for nome in SENTIMENTOS}
    if exemplo.descadastro != INCERTO:
        alvos["pedido"] = 1.0 if exemplo.descadastro == CERTO else -1.0
    if exemplo.intensidade is not None:
        alvos["intensidade"] = float(exemplo.intensidade)
    medida = exemplo.intensidade if exemplo.intensidade is not None else pontos["intensidade"]
    lida = Lida(exemplo.intent, exemplo.sentimento, float(medida), exemplo.descadastro)
    return _Caso(leitura, tuple(pontos[nome] for nome in CABECAS), alvos, lida)


def _folds(progress: Progress) -> list[_Caso]:
    todas = dobras()
    casos = []
    for numero, item in enumerate(todas):
        if numero % 500 == 0:
            progress("lendo as dobras", numero, len(todas))
        casos.append(_of_fold(item))
    progress("lendo as dobras", len(todas), len(todas))
    return casos


def _of_fold(item: Dobrado) -> _Caso:
    lida = Lida(
        item.intent,
        item.sentimento,
        float(item.intensidade),
        CERTO if item.descadastro else NAO,
    )
    return _Caso(observar(item.text, item.anterior), item.pontos, {}, lida)
