"""Message templates: braces name facts of a lead, double brackets hold what may be left out.

``Olá[[, {contato_primeiro_nome}]]! Escrevo porque a {empresa} ...``

A fact that is not known never leaves a hole and never becomes a false claim: the ``[[ ]]`` block
that names it drops out, and outside of a block the whole sentence does. Values are put in as they
are and never read again as a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Lead, TenantFacts

FATOS: Final = (
    "contato",
    "contato_primeiro_nome",
    "empresa",
    "setor",
    "setor_minusculo",
    "porte",
    "atividade_principal",
    "cidade",
    "uf",
    "empresa_cliente",
)
"""Every name that a template may have in braces."""

_LACUNA = re.compile(r"\{([^{}]*)\}")
_BLOCO = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_FRASE = re.compile(r"(?<=[.!?…])(?=\s)|(?=\n)|(?<=\n)")
_PALAVRA = re.compile(r"\w+", re.UNICODE)
_TRATAMENTOS = frozenset(
    [
        "sr",
        "sra",
        "srta",
        "dr",
        "dra",
        "eng",
        "engª",
        "engo",
        "enga",
        "prof",
        "profa",
        "me",
        "senhor",
        "senhora",
        "doutor",
        "doutora",
    ]
)
_SEM_NOME = frozenset(
    [
        "administração",
        "administracao",
        "administrativo",
        "adm",
        "atendimento",
        "comercial",
        "compras",
        "contabilidade",
        "contato",
        "contas",
        "diretor",
        "diretora",
        "diretoria",
        "dono",
        "dona",
        "departamento",
        "depto",
        "engenharia",
        "faturamento",
        "financeiro",
        "gerencia",
        "gerência",
        "gerente",
        "gestor",
        "gestora",
        "logistica",
        "logística",
        "manutenção",
        "manutencao",
        "marketing",
        "operacional",
        "proprietario",
        "proprietaria",
        "proprietário",
        "proprietária",
        "produção",
        "producao",
        "recepcao",
        "recepção",
        "recursos",
        "responsavel",
        "responsável",
        "rh",
        "sac",
        "secretaria",
        "secretária",
        "setor",
        "socio",
        "sócio",
        "suporte",
        "suprimentos",
        "ti",
        "vendas",
        "equipe",
        "loja",
        "matriz",
        "filial",
        "não",
        "nao",
        "sem",
    ]
)
_JURIDICO = re.compile(
    r"[\s,\-–]+(?:ltda|eireli|epp|me|mei|s\.?\s*/?\s*a|s/s|cia|companhia limitada|limitada)\.?$",
    re.IGNORECASE,
)
_PARTICULAS = frozenset(
    [
        "a",
        "à",
        "as",
        "ao",
        "aos",
        "com",
        "da",
        "das",
        "de",
        "do",
        "dos",
        "e",
        "em",
        "na",
        "no",
        "para",
        "por",
    ]
)
_CURTAS = frozenset(
    [
        "boa",
        "bom",
        "cia",
        "lua",
        "luz",
        "mar",
        "mil",
        "pai",
        "pao",
        "paz",
        "rei",
        "rio",
        "sal",
        "são",
        "sao",
        "sol",
        "sul",
        "vis",
    ]
)


def render(texto: str, fatos: Mapping[str, str | None]) -> str:
    """Fill a template with facts; what lacks a fact is left out.

    ``fatos`` may hold more or fewer names than the template uses; a name that is missing, None or
    blank is a missing fact. Blanks that a dropped part leaves behind are tidied.

    Raises:
        PermanentError: a name in braces is no known fact (code ``lacuna_desconhecida``), a bracket
            or brace stands alone (``modelo_malformado``), or nothing of the text is left
            (``mensagem_vazia``).
    """
    conferir(texto)
    valores = {nome: " ".join(valor.split()) for nome, valor in fatos.items() if valor}
    inteiro = "".join(_frases(texto, valores))
    arrumado = _arrumar(_LACUNA.sub(lambda lacuna: valores[lacuna[1]], inteiro))
    if texto.strip() and not arrumado:
        raise PermanentError("nothing of the message is left", code="mensagem_vazia")
    return arrumado


def conferir(texto: str) -> None:
    """Refuse a template that could never be rendered.

    Raises:
        PermanentError: see ``render``; the message names the brace or bracket.
    """
    for nome in _LACUNA.findall(texto):
        if nome not in FATOS:
            raise PermanentError(f"unknown placeholder {{{nome}}}", code="lacuna_desconhecida")
    sem_lacunas = _LACUNA.sub("", texto)
    if "{" in sem_lacunas or "}" in sem_lacunas:
        raise PermanentError("a brace is not closed", code="modelo_malformado")
    abertos = 0
    for marca in re.findall(r"\[\[|\]\]", sem_lacunas):
        abertos += 1 if marca == "[[" else -1
        if abertos not in (0, 1):
            raise PermanentError("double brackets must not nest", code="modelo_malformado")
    if abertos:
        raise PermanentError("a double bracket is not closed", code="modelo_malformado")


def fatos_do_lead(lead: Lead, tenant: TenantFacts) -> dict[str, str | None]:
    """The facts that a message to this lead may state, by the names of ``FATOS``.

    ``contato_primeiro_nome`` is None where the contact is a department or no person's name;
    ``empresa`` is the name as people say it (no LTDA, no capitals throughout).
    """
    return {
        "contato": nome_de_pessoa(lead.contato),
        "contato_primeiro_nome": primeiro_nome(lead.contato),
        "empresa": nome_de_empresa(lead.empresa),
        "setor": lead.setor,
        "setor_minusculo": _minusculo(lead.setor),
        "porte": lead.porte,
        "atividade_principal": _minusculo(lead.atividade_principal),
        "cidade": _titulo(lead.cidade) if lead.cidade else None,
        "uf": lead.uf,
        "empresa_cliente": tenant.nome,
    }


def primeiro_nome(contato: str | None) -> str | None:
    """The first name to greet with, or None where the text is not a person's name."""
    pessoa = nome_de_pessoa(contato)
    return pessoa.split()[0] if pessoa else None


def nome_de_pessoa(contato: str | None) -> str | None:
    """A contact's name without its form of address, or None where it is not a person's name."""
    if not contato or any(caractere.isdigit() or caractere in "@/&+" for caractere in contato):
        return None
    palavras = [palavra for palavra in contato.replace(".", " ").split() if palavra]
    while palavras and palavras[0].casefold() in _TRATAMENTOS:
        palavras = palavras[1:]
    if not palavras or len(palavras[0]) < 2 or not palavras[0].replace("-", "").isalpha():
        return None
    if any(palavra.casefold() in _SEM_NOME for palavra in palavras):
        return None
    return _titulo(" ".join(palavras), pessoa=True)


def nome_de_empresa(empresa: str) -> str:
    """A company's name as people say it: without its legal form, not in capitals throughout."""
    nome = " ".join(empresa.split())
    while (curto := _JURIDICO.sub("", nome)) != nome and curto:
        nome = curto
    return _titulo(nome) if nome.isupper() or nome.islower() else nome


def _frases(texto: str, valores: Mapping[str, str]) -> Iterator[str]:
    """The sentences that may stay, still with their braces."""
    aberto = _BLOCO.sub(lambda bloco: bloco[1] if _completo(bloco[1], valores) else "", texto)
    return (frase for frase in _FRASE.split(aberto) if _completo(frase, valores))


def _completo(trecho: str, valores: Mapping[str, str]) -> bool:
    return all(valores.get(nome) for nome in _LACUNA.findall(trecho))


def _arrumar(texto: str) -> str:
    texto = re.sub(r"[^\S\n]+", " ", texto)
    texto = re.sub(r" +([,.;:!?])", r"\1", texto)
    texto = re.sub(r" *\n *", "\n", texto)
    return re.sub(r"\n{3,}", "\n\n", texto).strip()


def _minusculo(texto: str | None) -> str | None:
    """Lower case for use inside a sentence; an acronym such as TI stays."""
    if not texto:
        return None
    palavras = texto.split()
    return " ".join(p if p.isupper() and len(p) <= 3 else p.lower() for p in palavras)


def _titulo(texto: str, *, pessoa: bool = False) -> str:
    """Title case as pt-BR writes names; a text in mixed case is kept."""
    texto = " ".join(texto.split())
    if not (texto.isupper() or texto.islower()):
        return texto
    sigla = texto.isupper() and not pessoa
    palavras = []
    for posicao, palavra in enumerate(texto.split()):
        baixa = palavra.lower()
        if posicao and baixa in _PARTICULAS:
            palavras.append(baixa)
        elif sigla and len(palavra) <= 3 and baixa not in _CURTAS:
            palavras.append(palavra)
        else:
            palavras.append(_PALAVRA.sub(lambda parte: parte[0].capitalize(), baixa))
    return " ".join(palavras)
