"""Which column holds which field: by its name, else by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from alquimista.prospeccao.importacoes.colunas import letras_da_coluna, numero_da_coluna
from alquimista.prospeccao.importacoes.limites import ArquivoInvalido
from alquimista.prospeccao.importacoes.nomes import (
    CAMPOS,
    DDD,
    MINIMO,
    campo_do_nome,
    e_outra_coisa,
    normalizar,
)

MAPEAVEIS = (*CAMPOS, DDD)
CANAIS = ("telefone", "email")
_VARIAS = frozenset({"empresa", "cnpj", "telefone", "email"})
"""Fields that may stand in several columns: the first that is filled in a row counts."""
_PREFERIDOS = frozenset(
    ("whatsapp", "whats", "zap", "wpp", "celular", "cel", "corporativo", "comercial", "razao")
)
_PRETERIDOS = frozenset(
    ("fantasia", "cliente", "pessoal", "fax", "2", "3", "4", "secundario", "cpf", "outro")
)
_EMAIL = re.compile(r"^\s*[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}\s*[;,]?\s*$")
_CNPJ = re.compile(r"^\s*\w{2}\.?\w{3}\.?\w{3}/?\w{4}-?\d{2}\s*$", re.ASCII)
_TELEFONE = re.compile(r"^\s*(?:\+?55[\s.-]*)?\(?0?\d{2}\)?[\s.-]*9?[\s.]*\d{4}[\s.-]*\d{4}\s*$")
_SIGLAS = "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO"
UFS = frozenset(_SIGLAS.split(" "))
_EMPRESARIAL = re.compile(
    r"\b(?:ltda|s/?a|s\.a|eireli|mei?|epp|cia|com[eé]rcio|ind[uú]stria|servi[cç]os)\b",
    re.IGNORECASE,
)
_PARTE = 0.6


def parece_dado(valor: str) -> bool:
    """Whether a cell holds an address or a number of a lead, as no header does."""
    return bool(_EMAIL.match(valor) or _TELEFONE.match(valor) or _cnpj(valor))


def adivinhar(
    cabecalho: Sequence[str], amostra: Sequence[Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Column letters by field, the preferred column first.

    Names decide; what stands in the first rows decides where a name says nothing, or where it
    says ``contato`` and the cells hold telephone numbers or addresses.
    """
    width = max([len(cabecalho), *(len(row) for row in amostra)], default=0)
    found: dict[str, list[tuple[int, int, int]]] = {}
    unnamed: list[int] = []
    for index in range(width):
        name = cabecalho[index] if index < len(cabecalho) else ""
        guess = campo_do_nome(name)
        if guess is not None and guess[0] == "contato":
            inside = campo_do_conteudo(_coluna(amostra, index))
            guess = (inside, MINIMO) if inside in CANAIS else guess
        if guess is None:
            unnamed.append(index)
        else:
            found.setdefault(guess[0], []).append((_preferencia(name), -guess[1], index))
    _nome_que_e_empresa(found, cabecalho)
    for index in unnamed:
        inside = campo_do_conteudo(_coluna(amostra, index))
        name = cabecalho[index] if index < len(cabecalho) else ""
        blocked = e_outra_coisa(name)
        if inside is not None and inside not in found and not blocked:
            found[inside] = [(0, 0, index)]
    return {
        field: tuple(
            letras_da_coluna(index + 1)
            for _, _, index in sorted(found[field])[: None if field in _VARIAS else 1]
        )
        for field in MAPEAVEIS
        if field in found
    }


def campo_do_conteudo(valores: Iterable[str]) -> str | None:
    """The field that the values of a column are of, where most of them agree."""
    filled = [value for value in valores if value]
    if len(filled) < 2:
        return None
    tests = {
        "email": sum(_EMAIL.match(value) is not None for value in filled),
        "cnpj": sum(_cnpj(value) for value in filled),
        "telefone": sum(_TELEFONE.match(value) is not None for value in filled),
        "uf": sum(value.upper() in UFS for value in filled),
        "empresa": sum(_EMPRESARIAL.search(value) is not None for value in filled),
    }
    return next((field for field, hits in tests.items() if hits >= _PARTE * len(filled)), None)


def corrigir(
    mapa: Mapping[str, tuple[str, ...]], pedido: Mapping[str, str | None]
) -> dict[str, tuple[str, ...]]:
    """The guess with what the caller asks for: ``{"B": "telefone", "C": None}``.

    A column that is asked for comes before the guessed ones of its field; None ignores a column.

    Raises:
        ArquivoInvalido: ``mapeamento_invalido``.
    """
    fixed = {field: list(letters) for field, letters in mapa.items()}
    for raw, field in reversed(list(pedido.items())):
        letter = raw.strip().upper()
        if not re.fullmatch(r"[A-Z]{1,3}", letter):
            raise ArquivoInvalido(
                "mapeamento_invalido",
                f"No mapeamento, “{raw}” não é uma coluna. Use letras, como B ou AA.",
            )
        if field is not None and field not in MAPEAVEIS:
            raise ArquivoInvalido(
                "mapeamento_invalido",
                f"No mapeamento, “{field}” não é um campo. Os campos são: {', '.join(MAPEAVEIS)}.",
            )
        for letters in fixed.values():
            if letter in letters:
                letters.remove(letter)
        if field is not None:
            fixed[field] = [letter, *(fixed.get(field, []) if field in _VARIAS else [])]
    return {field: tuple(fixed[field]) for field in MAPEAVEIS if fixed.get(field)}


def faltantes(mapa: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What no column holds of what every lead needs (decision 11): empresa and one channel."""
    missing = [] if "empresa" in mapa else ["empresa"]
    if not any(canal in mapa for canal in CANAIS):
        missing.append("telefone ou email")
    return tuple(missing)


def indices(mapa: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    """Zero-based column indexes by field."""
    return {
        field: tuple(numero_da_coluna(letter) - 1 for letter in letters)
        for field, letters in mapa.items()
    }


def _cnpj(valor: str) -> bool:
    return _CNPJ.match(valor) is not None and sum(char.isdigit() for char in valor) >= 8


def _coluna(amostra: Sequence[Sequence[str]], index: int) -> list[str]:
    return [row[index] for row in amostra if index < len(row)]


def _preferencia(nome: str) -> int:
    words = frozenset(normalizar(nome).split())
    return (1 if words & _PRETERIDOS else 0) - (1 if words & _PREFERIDOS else 0)


def _nome_que_e_empresa(
    found: dict[str, list[tuple[int, int, int]]], cabecalho: Sequence[str]
) -> None:
    """``Nome`` is the company's where no other column names the company."""
    if "empresa" in found or "contato" not in found:
        return
    for item in found["contato"]:
        if normalizar(cabecalho[item[2]]) in ("nome", "name"):
            found["contato"].remove(item)
            found["empresa"] = [item]
            break
    if not found["contato"]:
        del found["contato"]
