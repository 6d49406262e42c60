"""What the model sees of a message: hashed traces of words, characters, context and rules.

Four blocks, each a list of row numbers of the model's table: words 1-2 with negation marking,
characters 3-5 inside words, our previous message, and what the rules and lexicons found. The
same function feeds training and scoring, so that the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise, repeat
from zlib import crc32

from nigredo_sentimento.padroes import ler_tabela
from nigredo_sentimento.texto import Frase, Texto

LINHAS = 1 << 17
"""Rows of the model's table; a trace falls into one of them by CRC-32."""

_MASCARA = LINHAS - 1
_MAXIMO_PALAVRAS = 240
_MAXIMO_CITAVEIS = 60
_RESPOSTA_CURTA = 4
_PREFIXO_MAIS_LONGO = 12
_PALAVRA_VAZIA = 4
_ALCANCE_DA_NEGACAO = 3
_NEGAM = frozenset(("nao", "nem", "nunca", "jamais", "sem", "nenhum", "nenhuma", "tampouco"))
_SAUDACOES = (("bom", "dia"), ("boa", "tarde"), ("boa", "noite"), ("oi",), ("ola",), ("opa",))
_VIRAM = frozenset((",", "mas", "porem"))
_COMPRIMENTOS = (1, 2, 4, 8, 16, 32, 64)
_PALAVRA, _CARACTERE, _CLASSE, _CONTEXTO, _REGRA = (
    crc32(nome) for nome in (b"w", b"c", b"k", b"a", b"r")
)


@dataclass(frozen=True, slots=True)
class Tracos:
    """Row numbers by block; a row may stand in a block only once."""

    palavras: tuple[int, ...]
    caracteres: tuple[int, ...]
    classes: tuple[int, ...]
    contexto: tuple[int, ...]
    regras: tuple[int, ...]


def extrair(lido: Texto, anterior: Texto | None, indicios: Iterable[str]) -> Tracos:
    """The traces of a prepared message; ``indicios`` names what the rules found in it."""
    palavras = _tokens(lido)
    return Tracos(
        palavras=_linhas(_PALAVRA, _n_gramas(palavras, lido)),
        caracteres=tuple(set().union(*map(_pedacos, set(palavras)))),
        classes=_linhas(_CLASSE, _classes(palavras)),
        contexto=_linhas(_CONTEXTO, _do_anterior(palavras, anterior)),
        regras=_linhas(_REGRA, indicios),
    )


def nomear(lido: Texto) -> dict[str, tuple[int, ...]]:
    """Each of the first words of a message with the rows of the word itself and of its sense."""
    nomes: dict[str, tuple[int, ...]] = {}
    for palavra in _tokens(lido)[:_MAXIMO_CITAVEIS]:
        if palavra[0].isalnum() and palavra not in nomes:
            nomes[palavra] = _da_palavra(palavra)
    return nomes


@lru_cache(maxsize=4096)
def _da_palavra(palavra: str) -> tuple[int, ...]:
    linhas = (_linha(_PALAVRA, palavra), _linha(_CARACTERE, f" {palavra} "[:5]))
    sentido = _sentido(palavra)
    return (*linhas, _linha(_CLASSE, sentido)) if sentido else linhas


def _tokens(lido: Texto) -> list[str]:
    tokens: list[str] = []
    for frase in lido.frases:
        tokens += frase.texto.split()
        tokens.append(_fim(frase))
    tokens = _without_greeting(tokens)[:_MAXIMO_PALAVRAS]
    return tokens + list(lido.emojis[:10])


def _without_greeting(tokens: list[str]) -> list[str]:
    """A greeting before anything else says nothing about what follows."""
    inicio = 0
    while inicio < len(tokens):
        for saudacao in _SAUDACOES:
            if tuple(tokens[inicio : inicio + len(saudacao)]) == saudacao:
                inicio += len(saudacao)
                break
        else:
            break
        while inicio < len(tokens) and tokens[inicio] in (",", ".", "!"):
            inicio += 1
    return tokens[inicio:] or tokens


def _fim(frase: Frase) -> str:
    if frase.pergunta:
        return "?"
    return "!" if frase.exclamacoes else "."


def _n_gramas(palavras: Sequence[str], lido: Texto) -> Iterable[str]:
    yield from palavras
    for um, outro in zip(("^", *palavras), (*palavras, "$"), strict=True):
        yield f"{um} {outro}"
    restam = 0
    for palavra in palavras:
        if palavra in _NEGAM:
            restam = _ALCANCE_DA_NEGACAO
        elif palavra in _VIRAM or not palavra[0].isalnum():
            restam = 0
        elif restam:
            restam -= 1
            yield f"~{palavra}"
    for nome in ("alongado", "riso", "aspas"):
        if getattr(lido, nome):
            yield f"={nome}"
    yield f"=palavras {sum(len(palavras) > limite for limite in _COMPRIMENTOS)}"


@lru_cache(maxsize=4096)
def _pedacos(palavra: str) -> frozenset[int]:
    """The rows of the characters 3-5 of a word; few words make most of all messages."""
    cercada = f" {palavra} "
    return frozenset(
        _linha(_CARACTERE, cercada[inicio : inicio + tamanho])
        for tamanho in (3, 4, 5)
        for inicio in range(len(cercada) - tamanho + 1)
    )


def _do_anterior(palavras: Sequence[str], anterior: Texto | None) -> Iterable[str]:
    """What we asked last, by words and by sense, beside whether the reply says yes or no to it."""
    if anterior is None or not anterior.frases:
        return
    perguntas = [frase for frase in anterior.frases if frase.pergunta]
    ditas = (perguntas or list(anterior.frases))[-1].texto.split()
    curta = " ".join(item for item in palavras if item[0] not in ".,!")
    rumo = _rumo(palavras)
    breve = "b" if len(palavras) <= _RESPOSTA_CURTA + 1 else "l"
    for dita in dict.fromkeys(ditas):
        yield dita
        if breve == "b":
            yield f"{curta}|{dita}"
            yield f"{palavras[0] if palavras else ''}_{dita}"
    sentidos = [item for item in (_sentido(dita) for dita in ditas) if item[:1].isupper()]
    for sentido in (*sentidos, *(f"{um} {outro}" for um, outro in pairwise(sentidos))):
        yield f"{rumo}|{sentido}"
        yield f"{rumo}{breve}|{sentido}"
    tudo = {_sentido(item) for frase in anterior.frases for item in frase.texto.split()}
    for sentido in tudo:
        if sentido[:1].isupper():
            yield f"{rumo}{breve}&{sentido}"


def _rumo(palavras: Sequence[str]) -> str:
    for palavra in palavras:
        sentido = _sentido(palavra)
        if sentido in ("NAO", "ACEITAR"):
            return sentido
    return "" if palavras else "VAZIO"


def _linhas(semente: int, nomes: Iterable[str]) -> tuple[int, ...]:
    juntos = "\n".join(nomes).encode()  # no name has a line break
    somas = map(crc32, juntos.split(b"\n"), repeat(semente)) if juntos else ()
    return tuple({soma & _MASCARA for soma in somas})


def _linha(semente: int, nome: str) -> int:
    return crc32(nome.encode(), semente) & _MASCARA


def _classes(palavras: Sequence[str]) -> Iterable[str]:
    """Words by what they mean, so that an order is known by its sense in words never seen."""
    sentidos = [_sentido(palavra) for palavra in palavras]
    cheios = [item for item in sentidos if item]
    for antes, item, depois in zip(("^", *cheios), cheios, (*cheios[1:], "$"), strict=False):
        yield item
        yield f"{antes} {item}"
        yield f"{antes} {item} {depois}"
    for inicio, item in enumerate(sentidos):
        if item and item[0].isupper():
            for outro in sentidos[inicio + 2 : inicio + 6]:
                if outro and outro[0].isupper():
                    yield f"{item}>{outro}"
                elif outro in ("?", "!", ".", ","):
                    break


@lru_cache(maxsize=4096)
def _sentido(palavra: str) -> str:
    """The class of a word; a short word stands for itself, any other for nothing."""
    inteiras, prefixos = _tabela()
    if palavra in inteiras:
        return inteiras[palavra]
    for tamanho in range(min(len(palavra), _PREFIXO_MAIS_LONGO), 2, -1):
        achada = prefixos.get(palavra[:tamanho])
        if achada is not None:
            return achada
    return palavra if len(palavra) <= _PALAVRA_VAZIA or not palavra.isalnum() else ""


@cache
def _tabela() -> tuple[dict[str, str], dict[str, str]]:
    inteiras: dict[str, str] = {}
    prefixos: dict[str, str] = {}
    for classe, lista in ler_tabela("classes.tsv", 2):
        for item in lista.split():
            if item.endswith("*"):
                prefixos.setdefault(item[:-1], classe)
            else:
                inteiras.setdefault(item, classe)
    return inteiras, prefixos
