"""Does the lead ask us to stop? Three outcomes, from words in context.

Certain: a command to us about contact, data or the list. Uncertain: it may be one, a person
decides. The design's keywords by themselves prove nothing: "quero parar de pagar caro" and
"São adequados à LGPD?" are ordinary sentences. Decision 19 of the project.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from nigredo_sentimento.indice import Indice
from nigredo_sentimento.padroes import compilar, ler_tabela
from nigredo_sentimento.texto import Frase, Texto, palavras

CERTO = "certo"
INCERTO = "incerto"
NAO = "nao"
PALAVRAS_DO_DESENHO = (
    "pare",
    "parar",
    "stop",
    "descadastre",
    "descadastrar",
    "remover",
    "não quero",
    "não tenho interesse",
    "lgpd",
    "dados pessoais",
)
"""The design's list. As tenant words they add nothing: the rules below read them in context."""

NEGAM_O_PEDIDO = frozenset(
    (
        "nao_remova",
        "nao_de_fora",
        "nao_pare",
        "nao_deixe",
        "pode_continuar",
        "so_horario",
        "serasa",
        "quer_ficar",
        "nao_receber_outro",
    )
)
"""Rules of who asks to stay, names another hour or speaks of another's register: alone they are the
opposite of a request, whatever words they use."""

PAUSAM = frozenset(("numero_errado", "lgpd_so"))
"""Rules that leave the message to a person whatever the model says: data must be accurate (LGPD,
art. 6, V), and who only names the law may mean its rights."""

_GUARDA = "guarda"
_COMANDO_DE_LISTA = "comando"  # certain, unless we had just spoken of a meeting
_BLANK = "#"
_COMANDO = re.compile(
    r"(?:nao (?:quiser|quer|deseja|prefere)|deixar|parar|pare|sair|saida|descadastr\w*|"
    r"(?:remo[vc]|retir|exclu|apag|bloque)\w+)"
)
_AFIRMA = (
    "^(?:{cortesia} )*(?:sim|isso|pode|por favor|quero|exato|positivo|confirmo|claro|desejo|"
    "prefiro|devem?|certeza|aham|uhum|ok|certo|beleza|combinado|agradeco|perfeito|"
    "seria (?:bom|otimo)|tudo bem|sem duvida)"
    "(?: (?:{cortesia}|sim|isso|exato|prefiro|quero|devem?|confirmo|(?:tenho |com )?certeza))*$"
)
_SINAIS_DE_SIM = frozenset("👍👌✅🙏")
_SAIR_DE_NOS = (
    "(?:quer|deseja|prefere|confirma)(?: [^ ,]+)? (?:sair|(?:a )?saida|descadastr\\w*)(?= ,|$)"
    "|encerr\\w+(?: [^ ,]+){0,2} (?:contatos?|envios?|mensagens|email|cadastro|inscricao)"
    "|nao (?:te |lhe )?(?:ligue|mande|escreva|envie|procure|chame)\\w*(?: [^ ,]+){0,2} mais"
)
_SAIDA = (
    "(?:sair|parar|descadastr\\w*|deixar de receber|"
    "nao (?:(?:quiser|querer|quero|desejar|mais) )*receber|"
    "cancelar (?:[ao] )?(?:inscricao|recebimento|envios?))"
)
_DIGITE = "(?:responda|digite|envie|mande)(?: (?:com|apenas|so|a palavra|o numero))?"
_INSTRUCOES = (
    f"(?:para|se) {_SAIDA}(?: [^ ,]+){{0,4}}(?: ,)? {_DIGITE} (?P<palavra>\\w+)",
    f"{_DIGITE} (?P<palavra>\\w+) (?:para|se) {_SAIDA}",
    f"(?:ou|,) (?P<palavra>\\w+) (?:para|se|,) {_SAIDA}",
)
_NUMEROS = {"0": "zero", "1": "um", "2": "dois", "3": "tres", "4": "quatro", "5": "cinco"}
_DE_NOS = "(?:receb\\w+|escrev\\w+|mandar|{lista}|{msg}|{dado}|descadastr\\w*)"
_FICAR = re.compile(
    r"(?:continu\w+|ainda (?:quer|deseja|gostaria)\w*|segui\w+ (?:receb|mand|envi)\w+)"
)
_ENVIOS = (
    "(?:receb\\w+|lista|grupo|{msg}|novidades|conteudos?|mandando|enviando|escrevendo|ouvindo)"
)
_VOLTAR = "volt\\w+ a (?:te |lhe )?(?:escrever|procurar|mandar)"
_RECUSA = (
    "^(?:(?:{cortesia}|agradec\\w+|mas) )*"
    "(?:nao|prefiro(?: que)? nao|melhor nao|acho que nao|negativo|dispenso)"
    "(?: (?:{cortesia}|nao|mais|quero|desejo|gostaria|precisa))*$"
)
_PERTO = "(?:me|nos|{meu}|mim|voces|{msg}|{dado}|{contatar}|{importunar})"


@dataclass(frozen=True, slots=True)
class Descadastro:
    """What the rules say (``certo``, ``incerto``, ``nao``), why (pt-BR), and which of them held.

    ``propria`` is what the tenant's own words say, ``confirmou`` what a yes to our own question
    whether to stop, or a no to whether to go on, says.
    """

    desfecho: str
    motivos: tuple[str, ...] = ()
    regras: tuple[str, ...] = ()
    propria: str = NAO
    confirmou: str = NAO


@dataclass(frozen=True, slots=True)
class _Regra:
    nome: str
    desfecho: str
    padrao: re.Pattern[str]
    motivo: str


def detectar(
    texto: Texto, palavras_do_tenant: Sequence[str] = (), anterior: Texto | None = None
) -> Descadastro:
    """Read a prepared message; ``anterior`` is what we had asked before it."""
    achados: dict[str, list[str]] = {CERTO: [], INCERTO: []}
    proprias: dict[str, list[str]] = {CERTO: [], INCERTO: []}
    regras: list[str] = []
    for frase in texto.frases:
        texto_frase, guardas = _without_traps(frase.texto)
        regras += guardas
        for nome, desfecho, motivo in _evidence(frase, texto_frase):
            regras.append(nome)
            if desfecho == _COMANDO_DE_LISTA:
                desfecho = INCERTO if _spoke_of_meeting(anterior) else CERTO
            achados[desfecho].append(motivo)
        for desfecho, motivo in _tenant_words(frase, texto_frase, palavras_do_tenant):
            proprias[desfecho].append(motivo)
    confirmou = anterior is not None and _answered_to_leave(texto, anterior)
    if confirmou:
        achados[CERTO].append("confirmou que quer sair da lista")
    elif anterior is not None and _said_no_to_leaving(texto, anterior):
        regras.append("quer_ficar")
    desfecho, propria = _strongest(achados), _strongest(proprias)
    motivos = [*achados.get(desfecho, ()), *proprias.get(propria, ())]
    return Descadastro(
        desfecho,
        tuple(dict.fromkeys(motivos)),
        tuple(regras),
        propria,
        CERTO if confirmou else NAO,
    )


def _strongest(achados: dict[str, list[str]]) -> str:
    return next((desfecho for desfecho in (CERTO, INCERTO) if achados[desfecho]), NAO)


def _evidence(frase: Frase, texto: str) -> list[tuple[str, str, str]]:
    achados = []
    regras, indice = _regras()
    for numero in indice.candidatos(texto):
        regra = regras[numero]
        if regra.desfecho == INCERTO and frase.pergunta:
            continue
        achado = regra.padrao.search(texto)
        if achado is not None:
            motivo = f"{regra.motivo}: “{achado.group().strip(' ,')}”"
            achados.append((regra.nome, regra.desfecho, motivo))
    return achados


def _without_traps(texto: str) -> tuple[str, list[str]]:
    """The sentence without what is no request to us, and the names of the traps in it."""
    achadas = []
    guardas, indice = _guardas()
    for numero in indice.candidatos(texto):
        regra = guardas[numero]
        texto, vezes = regra.padrao.subn(_BLANK, texto)
        if vezes:
            achadas.append(regra.nome)
    return texto, achadas


def _tenant_words(frase: Frase, texto: str, tenant: Sequence[str]) -> list[tuple[str, str]]:
    """The tenant's own words: alone they are certain, beside talk of contact a person decides."""
    achados: list[tuple[str, str]] = []
    for item in tenant:
        plano = palavras(item)
        if not plano or plano in _do_desenho():
            continue
        palavra = re.escape(plano)
        if compilar(f"^(?:{{cortesia}} )*{palavra}(?: {{cortesia}})*$").search(texto):
            achados.append((CERTO, f"usou a palavra de saída “{item}”"))
        elif (
            not frase.pergunta
            and compilar(palavra).search(texto)
            and not compilar(f"{{nao}} (?:\\w+ )?{palavra}").search(texto)
            and compilar(_PERTO).search(texto)
        ):
            achados.append((INCERTO, f"usou a palavra “{item}”"))
    return achados


def _answered_to_leave(texto: Texto, anterior: Texto) -> bool:
    return (
        _said_yes_to_leaving(texto, anterior)
        or _said_no_to_staying(texto, anterior)
        or _followed_our_instruction(texto, anterior)
    )


def _asked_whether_to_leave(anterior: Texto) -> bool:
    return any(
        frase.pergunta
        and (
            (_COMANDO.search(frase.texto) and compilar(_DE_NOS).search(frase.texto))
            or compilar(_SAIR_DE_NOS).search(frase.texto)
        )
        for frase in anterior.frases
    )


def _said_yes_to_leaving(texto: Texto, anterior: Texto) -> bool:
    if not _asked_whether_to_leave(anterior):
        return False
    if not texto.frases:
        return bool(_SINAIS_DE_SIM.intersection(texto.emojis))
    return compilar(_AFIRMA).search(texto.tudo) is not None


def _said_no_to_leaving(texto: Texto, anterior: Texto) -> bool:
    """A plain no to "shall we stop?" asks us to go on."""
    return (
        _asked_whether_to_leave(anterior)
        and not any(_FICAR.search(frase.texto) for frase in anterior.frases)
        and compilar(_RECUSA).search(texto.tudo) is not None
    )


def _followed_our_instruction(texto: Texto, anterior: Texto) -> bool:
    """The word that our own message names for leaving, alone, is an opposition (LGPD, art. 18)."""
    dito = texto.tudo
    for frase in anterior.frases:
        for instrucao in _INSTRUCOES:
            for achado in compilar(instrucao).finditer(frase.texto):
                palavra = achado["palavra"]
                formas = f"(?:{palavra}|{_NUMEROS.get(palavra, palavra)})"
                if compilar(f"^(?:{{cortesia}} |opcao |a )*{formas}(?: {{cortesia}})*$").search(
                    dito
                ):
                    return True
    return False


def _said_no_to_staying(texto: Texto, anterior: Texto) -> bool:
    """A plain no to whether we may go on writing is an opposition, not a refusal of an offer."""
    perguntou = any(
        frase.pergunta
        and not _COMANDO.search(frase.texto)
        and (
            (_FICAR.search(frase.texto) and compilar(_ENVIOS).search(frase.texto))
            or compilar(_VOLTAR).search(frase.texto)
        )
        for frase in anterior.frases
    )
    return perguntou and compilar(_RECUSA).search(texto.tudo) is not None


def _spoke_of_meeting(anterior: Texto | None) -> bool:
    return anterior is not None and compilar("{reuniao}|horarios").search(anterior.tudo) is not None


@cache
def _do_desenho() -> frozenset[str]:
    return frozenset(palavras(item) for item in PALAVRAS_DO_DESENHO)


@cache
def _todas() -> tuple[_Regra, ...]:
    return tuple(
        _Regra(nome, desfecho, compilar(padrao), motivo)
        for nome, desfecho, padrao, motivo in ler_tabela("descadastro.tsv", 4)
    )


@cache
def _guardas() -> tuple[tuple[_Regra, ...], Indice]:
    return _indexed(tuple(regra for regra in _todas() if regra.desfecho == _GUARDA))


@cache
def _regras() -> tuple[tuple[_Regra, ...], Indice]:
    return _indexed(tuple(regra for regra in _todas() if regra.desfecho != _GUARDA))


def _indexed(regras: tuple[_Regra, ...]) -> tuple[tuple[_Regra, ...], Indice]:
    return regras, Indice([regra.padrao for regra in regras])
