"""A spreadsheet as people send it: made up from a seed, with the usual dirt and no real company.

Check digits hold where a number is meant to be valid; everything else about the companies is
invented, and their domains end in ``.com.br`` names that carry a serial number.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alquimista.sandbox.xlsx import Celula, FolhaNova, gravar

PLANILHA = "Prospecção"
LINHA_CABECALHO = 5
CABECALHO = (
    "Razão Social",
    "CNPJ",
    "Nome do contato",
    "Fone/WhatsApp",
    "E-mail corporativo",
    "Setor",
    "Porte",
    "Atividade principal",
    "Município",
    "UF",
    "Observações",
)
_NOMES = "Ana Bruno Carla Diego Elisa Fábio Gabriela Heitor Inês João Karina Luís Márcia Otávio"
_SOBRENOMES = "Almeida Barbosa Cardoso Duarte Esteves Ferraz Gonçalves Lima Moraes Nunes Prado"
_MARCAS = "Aurora Boreal Cedro Delta Estrela Fênix Girassol Horizonte Ipê Jatobá Lúmen Mirante"
_FORMAS = ("Ltda", "S.A.", "EIRELI", "Ltda - ME", "e Cia Ltda")
_SETORES = (
    ("Tecnologia", "Desenvolvimento de programas de computador sob encomenda"),
    ("Indústria", "Fabricação de embalagens de material plástico"),
    ("Saúde", "Atividade médica ambulatorial restrita a consultas"),
    ("Varejo", "Comércio varejista de artigos do vestuário"),
    ("Logística", "Transporte rodoviário de carga"),
)
_PORTES = ("ME", "EPP", "Média", "Grande", "DEMAIS")
_CIDADES = (
    ("São Paulo", "SP", "11"),
    ("Campinas", "SP", "19"),
    ("Rio de Janeiro", "RJ", "21"),
    ("Belo Horizonte", "MG", "31"),
    ("Curitiba", "PR", "41"),
    ("Porto Alegre", "RS", "51"),
    ("Salvador", "BA", "71"),
    ("Recife", "PE", "81"),
)
_LETRAS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Ficha:
    """One invented company, still clean."""

    empresa: str
    cnpj: str | int
    contato: str
    telefone: str | int | None
    email: str | None
    setor: str
    porte: str
    atividade: str
    cidade: str
    uf: str
    observacoes: str | None = None

    def celulas(self) -> tuple[Celula, ...]:
        """The row, in the order of ``CABECALHO``."""
        return (
            self.empresa,
            self.cnpj,
            self.contato,
            self.telefone,
            self.email,
            self.setor,
            self.porte,
            self.atividade,
            self.cidade,
            self.uf,
            self.observacoes,
        )


def escrever(caminho: Path, linhas: int = 500, seed: int = 7) -> None:
    """Write the workbook: a first sheet without leads, the leads under titles, a hidden old one.

    The same number of rows and seed give the same file.
    """
    rows = list(sujas(linhas, seed))
    old = [ficha.celulas() for ficha in _limpas(20, random.Random(seed + 1))]
    title: list[Sequence[Celula]] = [
        ("Base de prospecção — 2º semestre",),
        (),
        ("Gerada pelo comercial; não alterar as colunas",),
        (),
        CABECALHO,
    ]
    total: Sequence[Celula] = ("TOTAL", None, None, None, None, None, None, None, None, len(rows))
    gravar(
        caminho,
        [
            FolhaNova(
                "Leia-me",
                [
                    ("Como preencher esta planilha",),
                    ("Empresa", "Nome da empresa como está no contrato social"),
                    ("Telefone", "Telefone com DDD"),
                ],
            ),
            FolhaNova(PLANILHA, [*title, *rows, (), total], mescladas=("A1:K1",)),
            FolhaNova("Base antiga", [CABECALHO, *old], oculta=True),
        ],
    )


def sujas(linhas: int, seed: int) -> Iterator[Sequence[Celula]]:
    """The rows of leads: about two in three clean, the others with one kind of dirt each."""
    chance = random.Random(seed)
    before: list[Ficha] = []
    for number, ficha in enumerate(_limpas(linhas, chance)):
        if number % 3 != 2:
            yield _formatado(ficha, chance).celulas()
            before.append(ficha)
            continue
        dirt = _SUJEIRAS[(number // 3) % len(_SUJEIRAS)]
        if dirt is _repetido:
            yield _repetido(chance.choice(before), chance).celulas()
        elif dirt is _cabecalho_repetido:
            yield CABECALHO if number > 60 and number % 2 else ficha.celulas()
        else:
            yield dirt(ficha, chance).celulas()


def _limpas(linhas: int, chance: random.Random) -> Iterator[Ficha]:
    brands, names, surnames = _MARCAS.split(), _NOMES.split(), _SOBRENOMES.split()
    for number in range(1, linhas + 1):
        setor, atividade = chance.choice(_SETORES)
        cidade, uf, ddd = chance.choice(_CIDADES)
        brand = chance.choice(brands)
        name = chance.choice(names)
        domain = f"{_sem_acento(brand)}-{number:04d}.com.br"
        yield Ficha(
            empresa=f"{brand} {setor} {number:04d} {chance.choice(_FORMAS)}",
            cnpj=_mascara(cnpj(f"{chance.randrange(10_000_000, 99_999_999):08d}0001")),
            contato=f"{name} {chance.choice(surnames)}",
            telefone=f"({ddd}) 9{chance.randrange(8000, 9999)}-{chance.randrange(10_000):04d}",
            email=f"{_sem_acento(name)}@{domain}",
            setor=setor,
            porte=chance.choice(_PORTES),
            atividade=atividade,
            cidade=cidade,
            uf=uf,
        )


def _formatado(ficha: Ficha, chance: random.Random) -> Ficha:
    """The same telephone in one of the ways that people write it."""
    digits = "".join(char for char in str(ficha.telefone) if char.isdigit())
    ddd, number = digits[:2], digits[2:]
    forms: tuple[str | int, ...] = (
        str(ficha.telefone),
        f"+55 {ddd} {number[:5]}-{number[5:]}",
        f"0{ddd} {number}",
        f"{ddd}.{number[:5]}.{number[5:]}",
        int(digits),
        f"55{digits}",
    )
    return replace(ficha, telefone=chance.choice(forms))


def _zeros_comidos(ficha: Ficha, chance: random.Random) -> Ficha:
    return replace(ficha, cnpj=int(cnpj(f"00{chance.randrange(100_000, 999_999)}0001")))


def _alfanumerico(ficha: Ficha, chance: random.Random) -> Ficha:
    return replace(ficha, cnpj=cnpj("".join(chance.choices(_LETRAS, k=12))))


def _cnpj_errado(ficha: Ficha, _: random.Random) -> Ficha:
    right = str(ficha.cnpj)
    return replace(ficha, cnpj=right[:-1] + str((int(right[-1]) + 1) % 10))


def _repetido(ficha: Ficha, _: random.Random) -> Ficha:
    return replace(ficha, empresa=ficha.empresa.upper())


def _pessoa_fisica(ficha: Ficha, chance: random.Random) -> Ficha:
    number = cpf(f"{chance.randrange(100_000_000, 999_999_999)}")
    return replace(ficha, empresa=ficha.contato, cnpj=number)


def _sem_canal(ficha: Ficha, chance: random.Random) -> Ficha:
    return replace(ficha, telefone=chance.choice((None, "-", "não tem")), email=None)


def _email_errado(ficha: Ficha, chance: random.Random) -> Ficha:
    name = str(ficha.email).partition("@")[0]
    wrong = chance.choice((f"{name}@", f"{name}.empresa.com.br", f"{name}@@acme", "a definir"))
    return replace(ficha, email=wrong)


def _fixo(ficha: Ficha, chance: random.Random) -> Ficha:
    ddd = str(ficha.telefone)[1:3]
    line = f"{chance.randrange(3000, 3999)}-{chance.randrange(10_000):04d}"
    return replace(ficha, telefone=f"({ddd}) {line}")


def _maiusculas(ficha: Ficha, _: random.Random) -> Ficha:
    return replace(ficha, empresa=ficha.empresa.upper(), contato=ficha.contato.upper())


def _espacos(ficha: Ficha, _: random.Random) -> Ficha:
    return replace(
        ficha,
        empresa=f"  {ficha.empresa} \xa0",
        email=f" {ficha.email}  ",
        cidade=f"{ficha.cidade} ",
    )


def _sem_contato(ficha: Ficha, _: random.Random) -> Ficha:
    return replace(ficha, contato="")


def _sem_empresa(ficha: Ficha, _: random.Random) -> Ficha:
    return replace(ficha, empresa="")


def _formula_em_texto(ficha: Ficha, _: random.Random) -> Ficha:
    return replace(ficha, observacoes='=HYPERLINK("http://exemplo.com.br";"abrir")')


def _cabecalho_repetido(ficha: Ficha, _: random.Random) -> Ficha:
    return ficha


_SUJEIRAS: Sequence[Callable[[Ficha, random.Random], Ficha]] = (
    _zeros_comidos,
    _repetido,
    _maiusculas,
    _email_errado,
    _fixo,
    _pessoa_fisica,
    _espacos,
    _alfanumerico,
    _sem_canal,
    _sem_contato,
    _cnpj_errado,
    _repetido,
    _cabecalho_repetido,
    _formula_em_texto,
    _sem_empresa,
)


def cnpj(base: str) -> str:
    """Twelve characters with their two check digits (IN RFB 2.229/2024: letters are ASCII - 48)."""
    values = [ord(char) - 48 for char in base]
    for _ in range(2):
        weights = [2 + index % 8 for index in range(len(values))]
        rest = sum(v * w for v, w in zip(reversed(values), weights, strict=True)) % 11
        values.append(0 if rest < 2 else 11 - rest)
    return base + "".join(str(value) for value in values[12:])


def cpf(base: str) -> str:
    """Nine digits with their two check digits, in the usual mask."""
    digits = base
    for _ in range(2):
        weights = range(2, len(digits) + 2)
        rest = sum(int(d) * w for d, w in zip(reversed(digits), weights, strict=True)) % 11
        digits += str(0 if rest < 2 else 11 - rest)
    return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"


def _mascara(number: str) -> str:
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"


def _sem_acento(word: str) -> str:
    return word.lower().translate(str.maketrans("áàâãéêíóôõúç", "aaaaeeiooouc"))
