"""Sentiment from a lexicon, read in context: negation, intensifiers, questions, "mas", sarcasm.

The result is a sum of valences and of anger, which the model weighs beside the words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from nigredo_sentimento.indice import Indice
from nigredo_sentimento.padroes import compilar, ler_tabela
from nigredo_sentimento.texto import Frase, Texto

_NEGA = re.compile(r"(?<![^ ])(?:nao|nunca|jamais|nem|sem|nenhum|nenhuma|tampouco)(?![^ ])")
_MUITO = re.compile(
    r"(?<![^ ])(?:muito|muita|super|demais|bem|extremamente|mega|bastante|tao|totalmente|realmente|"
    r"absolutamente|hiper|ultra|baita|pra caramba|para caramba)(?![^ ])"
)
_POUCO = re.compile(
    r"(?<![^ ])(?:um pouco|pouco|meio|levemente|talvez|quase|relativamente)(?![^ ])"
)
_MAS = re.compile(r"(?<![^ ])(?:mas|porem|so que|no entanto|contudo|entretanto)(?![^ ])")
_SARCASMO = (
    "(?:aham|uhum|ah ta|sei sei|conta outra|me engana que eu gosto|ate parece|so que nao|sqn|"
    "acredito sim|papai noel|faz me rir|me poupe|ah claro|nossa que (?:legal|maravilha)|"
    "(?:que delicia|que maravilha|adoro|amo|maravilha) (?:, )?(?:ser|receber|quando) [^,]*"
    "(?:propaganda|spam|ligacao|voces|acordad\\w+)|"
    "claro que (?:acredito|confio)|parabens pel[oa] (?:insistencia|spam|persistencia|descaso))"
)
_TERCEIRO = (
    "(?:(?:meu|minha|nosso|nossa|o|a) )?(?:fornecedor|sistema|banco|contador|operadora|concorrente|"
    "empresa|agencia|transportadora|prestador|parceiro|atendimento|suporte|erp|software) "
    "(?:atual|antig[oa]|anterior|de hoje|"
    "que (?:temos|tenho|uso|usamos|tinha|tinhamos)|del[ea]s?|d[aeo] \\w+)"
)
_ORIGENS = (
    "(?:meu|minha|nosso|nossa|do) "
    "(?:fornecedor|sistema|banco|contador|operadora|concorrente|agencia)"
)
_IRONIA = "🙃"
_LIMIAR_RAIVA = 2.0
_GRITO = 2


@dataclass(frozen=True, slots=True)
class Carga:
    """What a message carries: summed valence (positive is good), anger, and the words found."""

    valencia: float
    raiva: float
    indicios: tuple[str, ...]


def medir(texto: Texto) -> Carga:
    """Sum what the lexicon finds in every sentence."""
    valencia = raiva = 0.0
    indicios: list[str] = []
    for frase in texto.frases:
        soma, palavras = _valence(frase)
        valencia += soma
        indicios += palavras
        forca, gritos = _anger(frase, soma)
        raiva += forca
        indicios += gritos
    for emoji in texto.emojis:
        valor = _emojis().get(emoji)
        if valor == "raiva":
            raiva += _LIMIAR_RAIVA
        elif valor is not None:
            valencia += float(valor)
    if _IRONIA in texto.emojis or compilar(_SARCASMO).search(texto.tudo):
        valencia = -abs(valencia) - 1.5
        indicios.append("ironia")
    return Carga(valencia, raiva, tuple(dict.fromkeys(indicios)))


def _valence(frase: Frase) -> tuple[float, list[str]]:
    soma = 0.0
    palavras: list[str] = []
    ocupado: list[tuple[int, int]] = []
    mas = list(_MAS.finditer(frase.texto))
    for valor, (inicio, fim) in _longest_first(frase.texto):
        if any(inicio < outro_fim and outro < fim for outro, outro_fim in ocupado):
            continue
        ocupado.append((inicio, fim))
        peso = _in_context(valor, frase, inicio, fim)
        if mas:
            peso *= 1.2 if inicio >= mas[-1].end() else 0.8
        soma += peso
        if peso:
            palavras.append(frase.texto[inicio:fim])
    return soma, palavras


def _longest_first(texto: str) -> list[tuple[float, tuple[int, int]]]:
    """Longer phrases own their words: "não confio" is not "confio" beside a negation."""
    lexico, indice = _lexico()
    achados = [
        (lexico[numero][0], achado.span())
        for numero in indice.candidatos(texto)
        for achado in lexico[numero][1].finditer(texto)
    ]
    return sorted(achados, key=lambda item: (item[1][0] - item[1][1], item[1][0]))


def _in_context(valor: float, frase: Frase, inicio: int, fim: int) -> float:
    antes = " ".join(frase.texto[:inicio].rsplit(",", 1)[-1].split()[-3:])
    depois = " ".join(frase.texto[fim:].split()[:1])
    peso = valor
    if _MUITO.search(antes) or _MUITO.search(depois):
        peso *= 1.4
    if _POUCO.search(antes):
        peso *= 0.7
    if _NEGA.search(antes):
        peso *= -0.7 if valor > 0 else -0.2
    if frase.pergunta:
        peso *= 0.5
    return peso


def _anger(frase: Frase, valencia: float) -> tuple[float, list[str]]:
    forca = 0.0
    palavras: list[str] = []
    raiva, indice = _raiva()
    for numero in indice.candidatos(frase.texto):
        peso, padrao = raiva[numero]
        achado = padrao.search(frase.texto)
        if achado is not None:
            forca += peso
            palavras.append(achado.group())
    if frase.exclamacoes >= _GRITO and (forca or valencia < 0):
        forca += 1.0
    if forca and (
        compilar(_TERCEIRO).search(frase.texto) or compilar(_ORIGENS).search(frase.texto)
    ):
        # Anger at somebody else is no anger at us: it stays a bad mood.
        return 0.0, palavras
    return forca, palavras


@cache
def _lexico() -> tuple[tuple[tuple[float, re.Pattern[str]], ...], Indice]:
    return _weighted("sentimento.tsv")


@cache
def _raiva() -> tuple[tuple[tuple[float, re.Pattern[str]], ...], Indice]:
    return _weighted("raiva.tsv")


def _weighted(nome: str) -> tuple[tuple[tuple[float, re.Pattern[str]], ...], Indice]:
    linhas = tuple((float(peso), compilar(padrao)) for peso, padrao in ler_tabela(nome, 2))
    return linhas, Indice([padrao for _, padrao in linhas])


@cache
def _emojis() -> dict[str, str]:
    return {linha[0]: linha[1] for linha in ler_tabela("emojis.tsv", 2)}
