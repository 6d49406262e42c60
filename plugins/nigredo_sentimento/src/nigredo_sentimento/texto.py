"""From a raw message to plain words: what the lead wrote, sentence by sentence.

Quoted text of e-mails, signatures, legal notices and our own footer are not the lead's words and
are left out, so that they never count as evidence.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from nigredo_sentimento.padroes import ler_tabela

_QUOTE_START = re.compile(
    r"^\s*(?:>|em\s.{4,120}escreveu:?\s*$|on\s.{4,120}wrote:?\s*$|"
    r"-{3,}\s*(?:mensagem|original|forwarded|encaminhad)|_{5,}\s*$|"
    r"(?:de|from):\s.*@|(?:de|from):\s.+\s(?:enviad|sent)|"
    r"(?:enviad[oa]|sent)\s+(?:do|da|de|pelo|from)\s+(?:meu|my|outlook|iphone|samsung|yahoo|e-?mail)|"
    r"(?:obter o|get)\s+outlook|-- ?$)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s*(?:att|atte|atenciosamente|cordialmente|respeitosamente|cordiais saudações|"
    r"cordiais saudacoes|abs|abraços?|abracos?|um abraço|saudações)\s*[.,!]*\s*$",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"mensagem\b.{0,80}confidencia|por engano.{0,80}(?:mensagem|e-?mail)|"
    r"(?:mensagem|e-?mail)\b.{0,60}por engano|legalmente protegid|intended recipient|"
    r"antes de imprimir|(?:livre|free) de v[ií]rus|virus-free|verificad\w+ .{0,40}antiv[ií]rus",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:tir[ae]|retir|remov|sair|sai[ao]?\b|par[ea]|stop|descad|exclu|apag|delet|cancel|"
    r"n[aã]o\b|mand|list|chega|basta|bloque|contat)",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"\b(?:responda|responder|digite|envie|clique)\b[^.!?\n]{0,60}"
    r"\b(?:sair|descadastr\w*|cancelar inscri\w*|parar)\b",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^.!?\n]*[.!?\n]?")
_SELF = re.compile(r"\b(?:me|eu|meu|j[áa])\b", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+")
_MONEY = re.compile(r"(\d)[.,](\d)")
_REPEAT_RS = re.compile(r"([rs])\1{2,}(?=[a-z])")
_REPEAT = re.compile(r"([a-z])\1{2,}")
_LAUGH = re.compile(r"\b(?:k{2,}|(?:ha){2,}h?|(?:he){2,}|(?:rs){1,}|hua(?:hua)+|lol)\b")
_SENTENCE = re.compile(r"([^.!?;\n…]*)([.!?;\n…]+|$)")
_POSTPOSED = re.compile(
    r"(?<![^ ])(?<!nao )(?P<verbo>(?:quero|queremos|preciso|precisa|precisamos|carece|gosto|gostei|"
    r"tenho|temos|vou|vamos|da|rola|adianta|compensa|interessa|sei|posso|podemos|aceito|mande|mandem|"
    r"manda|ligue|liguem|liga|chama|chame|enche|envia|envie|perturbe|insista)"
    r"(?: (?:mais|nada|interesse|receber|isso|comprar|mensagem|mensagens|email))*|"
    r"(?:mande|mandem|manda|mandar|ligue|liguem|liga|ligar|chama|chame|chamem|envia|envie|enviem|"
    r"escreve|escreva|escrevam|procure|quero|queremos|precisa|precisam|preciso)"
    r"(?: [^ ,]+){0,4} mais(?: [^ ,]+){0,5}) nao(?= ,|$)"
)
_QUESTION_START = re.compile(
    r"^(?:(?:oi|ola|opa|bom dia|boa tarde|boa noite|e|mas|entao|,|por favor|moca|moco|amigo) )*"
    r"(?:quanto|quantos|quanta|quantas|qual|quais|quando|onde|aonde|quem|como|por que|o que|"
    r"que horas|sera que|da para|tem como|teria como|"
    r"tem (?:alguma?|desconto|nota|garantia|versao|suporte|"
    r"contrato|fidelidade|taxa|plano|planos)|voces (?:tem|fazem|atendem|trabalham|aceitam|emitem|"
    r"entregam|integram|sao|conseguem|oferecem|vendem|possuem|cobram|parcelam)|e possivel|"
    r"existe (?:alguma?|a)|posso (?:saber|perguntar)|"
    r"gostaria de saber (?:se|qual|quanto|como|onde)|"
    r"queria saber (?:se|qual|quanto|como|onde)|quero saber (?:se|qual|quanto|como|onde))(?![^ ])"
)
_TOKEN = re.compile(r"[a-z0-9]+|,|:")
_WORD = re.compile(r"[a-z0-9]+")
_SHORT_PREPOSITION = re.compile(r"\b([pcs])/")
_PREPOSITIONS = {"p": "para ", "c": "com ", "s": "sem "}
_NUM = re.compile(
    r"(?<![^ ])num (?=(?:quero|queremos|tenho|temos|precis\w+|vou|vamos|da|sei|e|gost\w+|me|"
    r"mand\w+|lig\w+|posso|consigo|rola|compensa|interess\w+|aguento)(?![^ ]))"
)
_combining = lru_cache(maxsize=1024)(unicodedata.combining)
_STEM = "descadastr"
_STEM_MIN = 9
_STEM_DISTANCE = 2
_INICIO = 2_000
_FIM = 1_000


@dataclass(frozen=True, slots=True)
class Frase:
    """One sentence: plain words (commas are words of their own) and how it ended.

    ``exclamacoes`` counts the exclamation marks and the question marks beyond the first.
    """

    texto: str
    pergunta: bool = False
    exclamacoes: int = 0


@dataclass(frozen=True, slots=True)
class Texto:
    """A message ready to be read."""

    limpo: str
    frases: tuple[Frase, ...]
    emojis: tuple[str, ...]
    gritado: bool
    alongado: bool
    riso: bool
    aspas: bool
    tudo: str
    """All sentences joined by the full stop that patterns do not cross."""


def preparar(bruto: str, *, nosso: bool = False) -> Texto:
    """Leave out what the lead did not write, and split the rest into plain sentences.

    A message of ours (``nosso``) keeps its footer: it is what the lead answers to.
    """
    limpo = _bounded(bruto.strip() if nosso else _own_words(bruto))
    plano = sem_acentos(limpo)
    frases = tuple(
        frase
        for corpo, fim in _SENTENCE.findall(_mark_up(plano))
        if (frase := _sentence(corpo, fim)).texto
    )
    letras = "".join(filter(str.isalpha, limpo))
    return Texto(
        limpo=limpo,
        frases=frases,
        emojis=() if limpo.isascii() else tuple(filter(_is_emoji, limpo)),
        gritado=len(letras) >= 8 and sum(map(str.isupper, letras)) > 0.6 * len(letras),
        alongado=_REPEAT.search(plano) is not None,
        riso=_LAUGH.search(plano) is not None,
        aspas=any(marca in limpo for marca in '"“”«»'),
        tudo=" . ".join([frase.texto for frase in frases]),
    )


def sem_acentos(texto: str) -> str:
    """Case-folded, without diacritics."""
    if texto.isascii():
        return texto.lower()
    decomposto = unicodedata.normalize("NFKD", texto.casefold())
    return "".join([letra for letra in decomposto if not _combining(letra)])


def palavras(texto: str) -> str:
    """A phrase of configuration as plain words, comparable with ``Frase.texto``."""
    return " ".join(_WORD.findall(sem_acentos(texto).replace("e-mail", "email")))


@lru_cache(maxsize=4096)
def palavras_simples(palavra: str) -> tuple[str, ...]:
    """The plain words that one written word stands for ("vcs" is "voces", "p" is "para")."""
    plano = _without_repeats(sem_acentos(palavra))
    tokens = _WORD.findall(plano.replace("e-mail", "email"))
    return tuple([item for token in tokens for item in _token(token).split()])


def _own_words(bruto: str) -> str:
    linhas: list[str] = []
    despedida = False
    for linha in bruto.replace("\r\n", "\n").split("\n"):
        if _QUOTE_START.match(linha) and not _is_dash_only(linha, linhas):
            if linha.lstrip().startswith(">"):
                continue
            break
        if linhas and _NOTICE.search(linha):
            continue
        if despedida and _looks_like_signature(linha):
            continue
        if _CLOSING.match(linha):
            despedida = True
            continue
        linhas.append(linha)
    return _without_footer("\n".join(linhas)).strip()


def _is_dash_only(linha: str, antes: list[str]) -> bool:
    """A first line that looks like a quotation is the whole message: keep it."""
    return not any(item.strip() for item in antes) and not linha.lstrip().startswith(">")


def _without_footer(texto: str) -> str:
    """Drop our opt-out footer, but keep a person's own sentence about it ("já respondi sair")."""
    pedacos = _PIECE.findall(texto)
    return "".join(
        " " if _FOOTER.search(pedaco) and not _SELF.search(pedaco) else pedaco for pedaco in pedacos
    )


def _bounded(texto: str) -> str:
    """The beginning and the end of a very long text: what is asked stands in one of them."""
    if len(texto) <= _INICIO + _FIM:
        return texto
    return f"{texto[:_INICIO]}\n{texto[-_FIM:]}"


def _looks_like_signature(linha: str) -> bool:
    """A name, a job, an address below a closing; never a line that may be an order to us."""
    if not linha.strip():
        return True
    if _ORDER.search(linha):
        return False
    if re.search(r"[@|]|www\.|\d{4}", linha):
        return True
    nomes = [palavra for palavra in re.split(r"[\s|/,-]+", linha.strip()) if len(palavra) > 3]
    return len(nomes) <= 6 and linha[-1] not in ".!?" and all(nome.istitle() for nome in nomes)


def _mark_up(plano: str) -> str:
    """Spell tokens alike before sentences are cut: links, numbers, e-mail, laughter."""
    if "@" in plano or "www." in plano or "://" in plano:
        plano = _LINK.sub(" link ", plano)
    plano = _MONEY.sub(r"\1\2", plano)
    plano = plano.replace("e-mail", "email").replace("r$", " reais ")
    if "/" in plano:
        plano = _SHORT_PREPOSITION.sub(lambda achado: _PREPOSITIONS[achado.group(1)], plano)
    plano = _LAUGH.sub(" ", plano)
    plano = _without_repeats(plano)
    if plano.isascii():
        return plano
    return "".join(["." if _is_emoji(letra) else letra for letra in plano])


def _without_repeats(plano: str) -> str:
    """ "siiim" is "sim", "carrro" is "carro"."""
    if _REPEAT.search(plano) is None:
        return plano
    return _REPEAT.sub(r"\1", _REPEAT_RS.sub(r"\1\1", plano))


def _sentence(corpo: str, fim: str) -> Frase:
    tokens = [_token(token) for token in _TOKEN.findall(corpo)]
    texto = " ".join("," if token == ":" else token for token in tokens)
    if "num " in texto:
        texto = _NUM.sub("nao ", texto)
    if " nao" in texto:
        texto = _POSTPOSED.sub(r"nao \g<verbo>", texto)
    texto = texto.strip(" ,")
    pergunta = "?" in fim or _QUESTION_START.match(texto) is not None
    enfase = fim.count("!") + max(fim.count("?") - 1, 0)
    return Frase(texto, pergunta, enfase)


def _token(token: str) -> str:
    """The plain form of a word; misspellings of "descadastrar" become one stem."""
    plano = _abbreviations().get(token, token)
    if len(plano) < _STEM_MIN or plano[0] != "d" or plano.startswith(_STEM):
        return plano
    cortes = [corte for corte in (9, 10, 11) if corte <= len(plano)]
    distancia, corte = min((_distance(plano[:corte], _STEM), corte) for corte in cortes)
    return _STEM + plano[corte:] if distancia <= _STEM_DISTANCE else plano


@cache
def _abbreviations() -> dict[str, str]:
    return {sem_acentos(curta): longa for curta, longa in ler_tabela("abreviacoes.tsv", 2)}


@cache
def _distance(um: str, outro: str) -> int:
    """Levenshtein distance: misspellings of "descadastrar" are many and all mean one thing."""
    linha = list(range(len(outro) + 1))
    for i, letra in enumerate(um, start=1):
        nova = [i]
        for j, outra in enumerate(outro, start=1):
            nova.append(min(linha[j] + 1, nova[-1] + 1, linha[j - 1] + (letra != outra)))
        linha = nova
    return linha[-1]


@lru_cache(maxsize=1024)
def _is_emoji(letra: str) -> bool:
    return letra > "\xa5" and (
        unicodedata.category(letra) == "So" or "\U0001f300" <= letra <= "\U0001faff"
    )
