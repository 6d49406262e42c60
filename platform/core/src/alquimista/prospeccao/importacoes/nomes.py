"""The names that people give to columns, and the fields that they mean."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import fuzz, process

from alquimista.prospeccao.folding import folded

CAMPOS = (
    "empresa",
    "cnpj",
    "contato",
    "telefone",
    "email",
    "setor",
    "porte",
    "atividade_principal",
    "cidade",
    "uf",
)
DDD = "ddd"
"""A column of its own for the area code: joined to ``telefone`` when rows are read."""
_EXATO, _CHAVE, MINIMO = 100, 90, 80
_TAMANHO_MAXIMO = 60
_PALAVRAS_MAXIMAS = 6
_SEMELHANCA = 85
_NOMES = """
empresa: razao social, empresa, nome da empresa, nome empresa, nome empresarial, nome fantasia
empresa: fantasia, companhia, organizacao, conta, account, company, company name, estabelecimento
empresa: denominacao, razao, denominacao social, cliente, nome do cliente, prospect, instituicao
cnpj: cnpj, cnpj cpf, cpf cnpj, cpf, documento, n cnpj, cnpj mf, cnpj da empresa, doc
contato: contato, nome do contato, nome contato, pessoa de contato, responsavel, nome
contato: nome completo, decisor, representante, socio, a c, contact, contact name, first name
contato: name, comprador
telefone: telefone, fone, tel, celular, cel, whatsapp, whats, zap, wpp, telefone celular
telefone: telefone comercial, fone whatsapp, telefone fixo, phone, mobile, ddd telefone, numero
telefone: contato telefonico, numero de telefone, fixo, telefones
email: email, e mail, mail, correio eletronico, email comercial, email corporativo, emails
email: endereco eletronico, endereco de email
setor: setor, segmento, ramo, ramo de atividade, area de atuacao, industria, industry, mercado
setor: vertical, nicho, area
porte: porte, porte da empresa, tamanho, tamanho da empresa, size, porte empresa
atividade_principal: atividade principal, atividade, cnae, cnae principal, descricao cnae
atividade_principal: atividade economica, descricao da atividade, cnae descricao
atividade_principal: atividade economica principal
cidade: cidade, municipio, localidade, city, cidade uf, municipio uf, cidade estado
uf: uf, estado, sigla uf, unidade federativa, state, estado uf
ddd: ddd, codigo de area, cod area
"""
_CHAVES_POR_CAMPO = """
email: email mail emails
telefone: telefone telefones fone fones tel celular cel whatsapp whats zap wpp phone
cnpj: cnpj cpf
porte: porte
setor: setor segmento ramo
atividade_principal: atividade cnae
cidade: cidade municipio
uf: uf
contato: contato responsavel decisor representante
empresa: empresa razao fantasia company
contato: nome
"""
"""One such word decides, the first line first: ``Telefone da empresa`` is a telefone."""
_OUTRA_COISA = """
data dt ultimo ultima proximo proxima status situacao obs observacao observacoes id codigo cod
origem canal forma tipo cargo funcao cep bairro endereco logradouro rua site website linkedin
faturamento valor enviado abertura civil estadual municipal nascimento idade quantidade qtd
funcionarios colaboradores senha login hora horario link url score
"""


def _linhas(tabela: str) -> list[tuple[str, str]]:
    pairs = (line.partition(": ") for line in tabela.strip().splitlines())
    return [(field, words) for field, _, words in pairs]


_EXATOS = {name: field for field, names in _linhas(_NOMES) for name in names.split(", ")}
_CHAVES = [(field, frozenset(words.split())) for field, words in _linhas(_CHAVES_POR_CAMPO)]
_BLOQUEIOS = frozenset(_OUTRA_COISA.split())


def normalizar(nome: str) -> str:
    """Lower case, no accents, words apart by one space: ``"E-mail (corp.)"`` is ``email corp``."""
    plain = folded(nome)
    return " ".join(re.findall(r"[a-z0-9]+", plain.replace("e-mail", "email")))


def e_outra_coisa(nome: str) -> bool:
    """Whether a name says that the column is of no field: a date, a status, an address."""
    return not _BLOQUEIOS.isdisjoint(normalizar(nome).split())


@lru_cache(maxsize=4096)
def campo_do_nome(nome: str) -> tuple[str, int] | None:
    """The field that a column's name means, and how sure that is (80 to 100)."""
    if len(nome) > _TAMANHO_MAXIMO:
        return None
    name = normalizar(nome)
    exact = _EXATOS.get(name) or _EXATOS.get(re.sub(r"\s*\d+$", "", name))
    if exact is not None:
        return exact, _EXATO
    words = frozenset(name.split())
    if not words or len(words) > _PALAVRAS_MAXIMAS or not words.isdisjoint(_BLOQUEIOS):
        return None
    for field, keys in _CHAVES:
        if not words.isdisjoint(keys):
            return field, _CHAVE
    if len(name) < 4:
        return None
    close = process.extractOne(name, list(_EXATOS), scorer=fuzz.ratio, score_cutoff=_SEMELHANCA)
    return None if close is None else (_EXATOS[close[0]], max(MINIMO, int(close[1]) - 6))
