"""Finds what a message names (options, days, hours) and whether it says yes or no to it.

Brazilian Portuguese as people write it: without accents, abbreviated, with greetings around it.
Every expression found is replaced by a mark (a private-use character), so that "24/11 às 10h" is
never read as options.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from nigredo_agendamento.mencoes import Data, DiaDaSemana, Mencao, Numero, Opcao, Semana
from nigredo_agendamento.relogio import HORAS

_DIAS = {
    "segunda": 0,
    "seg": 0,
    "terca": 1,
    "ter": 1,
    "quarta": 2,
    "qua": 2,
    "quinta": 3,
    "qui": 3,
    "sexta": 4,
    "sex": 4,
    "sabado": 5,
    "sab": 5,
    "domingo": 6,
    "dom": 6,
}
_MESES = {
    nome: numero
    for numero, nome in enumerate(
        (
            *("janeiro", "fevereiro", "marco", "abril", "maio", "junho"),
            *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
        ),
        start=1,
    )
}
_ORDINAIS = {"primeir": 1, "segund": 2, "terceir": 3, "ultim": -1}
_CARDINAIS = {"um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "a": 1, "b": 2, "c": 3}
_ENFEITES = re.compile(
    r"\b(?:(?:muito )?bom dia|boa (?:tarde|noite)|tudo bem|obrigad[oa]|"
    r"nao (?:tem|ha|vejo) (?:nenhum )?problema|sem problemas?|por que nao|se nao for incomodo|"
    r"nao sei(?: ainda)?(?: bem)?(?: se)?(?: (?:eu )?(?:consigo|posso|da|vou poder))?|"
    r"se nao se importar|nao se preocupe|tenha um bom dia|bom fim de semana|como nao)\b"
)
_DURACAO = re.compile(
    r"\b(?:de|por|durante|em|uns|umas|dura(?:r|ndo)?|conversa de|reuniao de)? ?"
    r"(?:\d+|uma|duas|meia) ?(?:min(?:utos?)?|horas? de (?:conversa|reuniao))\b"
    r"|\b(?:reuniao|conversa|papo|call) de (?:\d+|uma|duas|meia) ?(?:h|horas?)\b"
)
_UNIDADES = ("um", "dois", "tres", "quatro", "cinco", "seis", "sete", "oito", "nove")
_DEZENA = re.compile(rf"\b(vinte|trinta)(?: e ({'|'.join(_UNIDADES)}))?\b")
_DIAS_JUNTOS = re.compile(r"\bdias? (\d{1,2}) (e|ou) (?:dia )?(\d{1,2})\b(?! ?[h:])")
_LIMITE = re.compile(
    r"\b(?:a partir|(?P<depois>depois|apos)|(?P<antes>antes)|(?P<ate>ate))"
    r"(?: (?:de|do|da|o|a))? $"
)
_ADIANTE = timedelta(days=13)
_COISAS = (
    r"(?! ?(?:reuni|pessoa|dias?\b|semana|vez|coisa|mil\b|%|reais|min|socio|funcion|opcoes|"
    r"horarios|empresa|mes\b|meses|anos?\b))"
)
_PRIMEIRA_MARCA = 0xE000
_MARCA = re.compile("[\ue000-\uf8ff]")
_ESPACOS = re.compile(r" +")
_CLAUSULA = re.compile(
    r"[.,;!?\n()]+|\b(?:mas|porem|entao|ja|so que|agora)\b|"
    r"(?<!nao) e (?=(?:tambem |nem |nao |marc\w+ |fic\w+ |quero )?"
    r"(?:[ao] |n[ao] )?[\ue000-\uf8ff])|"
    r"(?<!nao) (?=(?:pode ser|podemos|prefiro|fico com|vamos|quero|que tal|melhor|seria)\b)"
)
_NEGA_ANTES = re.compile(
    r"\b(?:nao|nem|nunca|menos|exceto|tirando|cancel\w+|em vez|inves|do que|impossivel|sem ser|"
    r"ocupad[oa]|compromisso)\b"
)
_NEGA_DEPOIS = re.compile(
    r"\bnao\b|\bferiado\b|\b(?:impossivel|complicad[oa]|ruim|dificil|"
    r"ocupad[oa]|compromisso|nem pensar)\b"
)


@dataclass(frozen=True, slots=True)
class Leitura:
    """What a message names, apart by yes and no; ``resto`` is the text without it."""

    texto: str
    resto: str
    positivas: tuple[Mencao, ...]
    negativas: tuple[Mencao, ...]


def normalizar(texto: str) -> str:
    """Lower case, no accents, single spaces; line ends stay."""
    sem_ordinais = texto.replace("º", "o ").replace("ª", "a ").replace("°", "o ")
    decomposto = unicodedata.normalize("NFKD", sem_ordinais.lower())
    limpo = _MARCA.sub(" ", "".join(c for c in decomposto if not unicodedata.combining(c)))
    return "\n".join(" ".join(linha.split()) for linha in limpo.splitlines()).strip()


def ler(texto: str, hoje: date) -> Leitura:
    """Read a message written on ``hoje`` (in the zone that the lead reads)."""
    normal = normalizar(texto)
    numerado = _DIAS_JUNTOS.sub(r"dia \1 \2 dia \3", _DEZENA.sub(_em_algarismos, normal))
    limpo = _DURACAO.sub(" ", _ENFEITES.sub(" ", numerado))
    achadas: list[Mencao] = []
    for padrao, fabrica in (*_DATAS, *HORAS, *_DEPOIS_DAS_HORAS):
        limpo = _substituir(limpo, padrao, fabrica, hoje, achadas)
    positivas: list[Mencao] = []
    negativas: list[Mencao] = []
    for clausula in _CLAUSULA.split(_ESPACOS.sub(" ", f" {limpo} ")):
        for marca in _MARCA.finditer(clausula):
            mencao = _limitar(achadas[ord(marca[0]) - _PRIMEIRA_MARCA], clausula, marca, hoje)
            (negativas if _negada(clausula, marca) else positivas).append(mencao)
    return Leitura(normal, _MARCA.sub(" ", limpo), tuple(positivas), tuple(negativas))


def _em_algarismos(achado: re.Match[str]) -> str:
    dezena = 20 if achado[1] == "vinte" else 30
    return str(dezena + (_UNIDADES.index(achado[2]) + 1 if achado[2] else 0))


def _limitar(mencao: Mencao, clausula: str, marca: re.Match[str], hoje: date) -> Mencao:
    """ "A partir de quinta" and "até dia 30" are conditions, not days."""
    limite = _LIMITE.search(clausula[: marca.start()])
    if limite is None or not isinstance(mencao, Data | DiaDaSemana):
        return mencao
    if isinstance(mencao, Data):
        dia = mencao.dia
    else:
        dia = hoje + timedelta(days=(mencao.dia - hoje.weekday() - 1) % 7 + 1)
    if limite["ate"] or limite["antes"]:
        return Semana(hoje, dia - timedelta(days=1 if limite["antes"] else 0))
    primeiro = dia + timedelta(days=1 if limite["depois"] else 0)
    return Semana(primeiro, primeiro + _ADIANTE)


def _negada(clausula: str, marca: re.Match[str]) -> bool:
    if _NEGA_ANTES.search(clausula[: marca.start()]):
        return True
    depois = clausula[marca.end() :]
    negacao = _NEGA_DEPOIS.search(depois)
    # "a 2 não, a 3": what follows the "não" up to another mention belongs to the first one
    return negacao is not None and _MARCA.search(depois[: negacao.start()]) is None


def _substituir(
    texto: str,
    padrao: re.Pattern[str],
    fabrica: Callable[[re.Match[str], date], Mencao | None],
    hoje: date,
    achadas: list[Mencao],
) -> str:
    def marcar(achado: re.Match[str]) -> str:
        mencao = fabrica(achado, hoje)
        if mencao is None:
            return achado[0]
        achadas.append(mencao)
        return f" {chr(_PRIMEIRA_MARCA + len(achadas) - 1)} "

    return padrao.sub(marcar, texto)


def _data(achado: re.Match[str], hoje: date) -> Mencao | None:
    grupos = achado.groupdict()
    dia = int(grupos["dia"])
    nome = grupos.get("nome")
    mes = _MESES[nome] if nome else int(grupos.get("mes") or hoje.month)
    ano = int(grupos.get("ano") or hoje.year)
    ano += 2000 if ano < 100 else 0
    try:
        data = date(ano, mes, dia)
    except ValueError:
        return None if grupos.get("mes") or nome else _no_mes_que_vem(hoje, dia)
    if data >= hoje or grupos.get("ano"):
        return Data(data)
    if grupos.get("mes") or nome:
        return Data(data.replace(year=ano + 1)) if (mes, dia) != (2, 29) else None
    return _no_mes_que_vem(hoje, dia)


def _no_mes_que_vem(hoje: date, dia: int) -> Mencao | None:
    proximo = hoje.replace(day=1) + timedelta(days=31)
    try:
        return Data(proximo.replace(day=dia))
    except ValueError:
        return None


def _relativa(achado: re.Match[str], hoje: date) -> Mencao:
    dias = {"hoje": 0, "amanha": 1, "depois de amanha": 2}[achado[1]]
    return Data(hoje + timedelta(days=dias))


def _segunda_feira(hoje: date, semanas: int) -> date:
    return hoje - timedelta(days=hoje.weekday()) + timedelta(weeks=semanas)


def _dia_da_semana_que_vem(achado: re.Match[str], hoje: date) -> Mencao:
    inicio = _segunda_feira(hoje, 1)
    return Data(inicio + timedelta(days=_DIAS[achado["nome"]]))


def _esta_semana(achado: re.Match[str], hoje: date) -> Mencao:
    inicio = _segunda_feira(hoje, 0)
    return Semana(inicio, inicio + timedelta(days=6))


def _semana_que_vem(achado: re.Match[str], hoje: date) -> Mencao:
    inicio = _segunda_feira(hoje, 1)
    return Semana(inicio, inicio + timedelta(days=6))


def _mes_que_vem(achado: re.Match[str], hoje: date) -> Mencao:
    return _mes_inteiro((hoje.replace(day=1) + timedelta(days=32)).replace(day=1))


def _mes(achado: re.Match[str], hoje: date) -> Mencao:
    mes = _MESES[achado["nome"]]
    ano = hoje.year + (1 if mes < hoje.month else 0)
    return _mes_inteiro(date(ano, mes, 1))


def _mes_inteiro(inicio: date) -> Mencao:
    fim = (inicio + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return Semana(inicio, fim)


def _dia_da_semana(achado: re.Match[str], hoje: date) -> Mencao:
    return DiaDaSemana(_DIAS[achado["nome"]])


def _a_segunda(achado: re.Match[str], hoje: date) -> Mencao:
    return DiaDaSemana(0, ordinal=2)


def _fim_de_semana(achado: re.Match[str], hoje: date) -> Mencao:
    return DiaDaSemana(5)


def _ordinal(achado: re.Match[str], hoje: date) -> Mencao:
    return Opcao(_ORDINAIS[achado["nome"]])


def _opcao(achado: re.Match[str], hoje: date) -> Mencao | None:
    valor = achado["n"]
    numero = int(valor) if valor.isdigit() else _CARDINAIS[valor]
    return Opcao(numero) if 1 <= numero <= 9 else None


def _do_meio(achado: re.Match[str], hoje: date) -> Mencao:
    return Opcao(2)


def _numero(achado: re.Match[str], hoje: date) -> Mencao | None:
    valor = int(achado["n"])
    if 1 <= valor <= 3:
        return Opcao(valor)
    return Numero(valor) if valor <= 31 else None


_NOME_DO_DIA = (
    r"(?P<nome>segunda|terca|quarta|quinta|sexta|sabado|domingo|seg|ter|qua|qui|sex|sab|dom)"
)
_QUE_VEM = r"(?:semana que vem|proxima semana|outra semana|semana seguinte)"
Fabrica = Callable[[re.Match[str], date], Mencao | None]
_DATAS: tuple[tuple[re.Pattern[str], Fabrica], ...] = (
    (
        re.compile(r"\b(?:dia )?(?P<dia>\d{1,2})/(?P<mes>\d{1,2})(?:/(?P<ano>\d{4}|\d{2}))?\b"),
        _data,
    ),
    (
        re.compile(
            rf"\b(?:dia )?(?P<dia>\d{{1,2}})o? de (?P<nome>{'|'.join(_MESES)})"
            r"(?: de (?P<ano>\d{4}))?\b"
        ),
        _data,
    ),
    (re.compile(r"\bdia (?P<dia>\d{1,2})o?\b(?!:)"), _data),
    (re.compile(r"\b(depois de amanha|amanha|hoje)\b"), _relativa),
    (
        re.compile(rf"\b{_NOME_DO_DIA}(?:[- ]feira)? (?:da|na|de) {_QUE_VEM}\b"),
        _dia_da_semana_que_vem,
    ),
    (re.compile(r"\b(?:fim|final) de semana\b"), _fim_de_semana),
    (re.compile(r"\b[nd]?es[st]a semana\b"), _esta_semana),
    (re.compile(rf"\b{_QUE_VEM}\b"), _semana_que_vem),
    (re.compile(rf"\b(?:em|para|pra|no mes de) (?P<nome>{'|'.join(_MESES)})\b"), _mes),
    (re.compile(r"\b(?:mes que vem|proximo mes)\b"), _mes_que_vem),
    (
        re.compile(r"\b(?:a )?(?P<nome>segund)a (?:opcao|alternativa|sugestao|data|proposta)\b"),
        _ordinal,
    ),
    (
        re.compile(
            r"(?<!n)\b(?:a|pela|d?essa|esta) segunda\b"
            r"(?![- ]feira| ?(?:as|de manha|a tarde|de tarde|que vem|dia|pela|\d))"
        ),
        _a_segunda,
    ),
    (re.compile(rf"\b{_NOME_DO_DIA}(?:[- ]feiras?\b|s?\b)(?: que vem)?"), _dia_da_semana),
)
_DEPOIS_DAS_HORAS: tuple[tuple[re.Pattern[str], Fabrica], ...] = (
    (
        re.compile(
            r"\b(?:(?:opcao|alternativa|numero|num|item|op|horario|sugestao)\b ?[o.:#]?"
            r"|n ?[o.:#]) ?"
            r"(?P<n>\d{1,2}|um|uma|dois|duas|tres|[abc])\b"
        ),
        _opcao,
    ),
    (re.compile(r"\b(?P<nome>primeir|terceir|ultim)[oa]\b(?! vez)"), _ordinal),
    (re.compile(r"\b(?P<nome>segund)o\b(?! (?:a|o|me|eles|voces)\b)"), _ordinal),
    (re.compile(r"\b[oa] do meio\b"), _do_meio),
    (re.compile(r"\b[oa] (?P<n>um|uma|dois|duas|tres)\b" + _COISAS), _opcao),
    (
        re.compile(r"(?<![\d/:.,-])\b(?P<n>\d{1,2})[oa]?\b(?![\d/:-]|[.,]\d)" + _COISAS),
        _numero,
    ),
    (re.compile(r"^\W*(?P<n>um|dois|duas|tres)\W*$"), _opcao),
)
