"""The enrichment twin: plausible facts that follow from the company's CNPJ or name.

The same company always gets the same facts; about 15 % are not found; all are marked sandbox.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

FONTE = "sandbox"
_NAO_ENCONTRADOS = 15
"""Percent of companies that the twin does not know."""

_SETORES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "Indústria",
        ("metal", "industria", "usinagem", "plastico", "textil", "embalage", "fabrica"),
        ("Fabricação de peças metálicas", "Usinagem e solda", "Fabricação de embalagens"),
    ),
    (
        "Logística",
        ("transporte", "logistica", "cargas", "frete", "armazem"),
        ("Transporte rodoviário de carga", "Armazenagem e depósito"),
    ),
    (
        "Comércio",
        ("comercio", "distribuidora", "atacad", "loja", "materiais", "supermercado"),
        ("Comércio atacadista de alimentos", "Comércio varejista de ferragens"),
    ),
    (
        "Tecnologia",
        ("tecnologia", "sistemas", "software", "informatica", "digital", "dados"),
        ("Desenvolvimento de programas de computador sob encomenda", "Suporte técnico em TI"),
    ),
    (
        "Saúde",
        ("saude", "clinica", "hospital", "odonto", "laboratorio", "farma"),
        ("Atividade médica ambulatorial", "Serviços de diagnóstico por imagem"),
    ),
    (
        "Alimentação",
        ("alimentos", "restaurante", "padaria", "lanche", "sabor", "cafe"),
        ("Restaurantes e similares", "Fabricação de produtos de panificação"),
    ),
    (
        "Construção",
        ("construtora", "construcoes", "engenharia", "obras", "incorporadora"),
        ("Construção de edifícios", "Obras de acabamento"),
    ),
    (
        "Serviços profissionais",
        ("contabil", "advocacia", "consultoria", "assessoria", "marketing"),
        ("Atividades de contabilidade", "Consultoria em gestão empresarial"),
    ),
)
_CIDADES = {
    "SP": ("São Paulo", "Campinas", "Ribeirão Preto", "Sorocaba"),
    "RJ": ("Rio de Janeiro", "Niterói", "Volta Redonda"),
    "MG": ("Belo Horizonte", "Uberlândia", "Contagem"),
    "PR": ("Curitiba", "Londrina", "Maringá"),
    "SC": ("Joinville", "Blumenau", "Florianópolis"),
    "RS": ("Porto Alegre", "Caxias do Sul", "Novo Hamburgo"),
    "BA": ("Salvador", "Feira de Santana"),
    "PE": ("Recife", "Caruaru"),
    "CE": ("Fortaleza", "Sobral"),
    "GO": ("Goiânia", "Anápolis"),
    "DF": ("Brasília",),
    "ES": ("Vitória", "Serra"),
    "AM": ("Manaus",),
    "PA": ("Belém",),
}
_SORTEIO_UF = ("SP",) * 8 + ("RJ", "RJ", "MG", "MG", "MG", "PR", "PR", "SC", "SC", "RS", "BA", "GO")
_PORTES: tuple[tuple[int, str | None, str, str], ...] = (
    (45, "ME", "MICRO EMPRESA", "até R$ 360 mil"),
    (80, "EPP", "EMPRESA DE PEQUENO PORTE", "de R$ 360 mil a R$ 4,8 milhões"),
    (100, None, "DEMAIS", "acima de R$ 4,8 milhões"),
)
_NOMES = ("Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio", "Helena", "Igor", "Lúcia", "Marcos")
_SOBRENOMES = ("Almeida", "Barbosa", "Cardoso", "Duarte", "Esteves", "Farias", "Goulart", "Lemos")


def look_up(payload: dict[str, Any]) -> dict[str, Any]:
    """The answer of ``enrichment.company`` for the sandbox.

    The identity is the CNPJ, or else the name. A sector named in the company's name is kept, and
    so is the state that the caller knows.
    """
    empresa = _plain(payload["empresa"])
    cnpj = re.sub(r"[^0-9A-Z]", "", (payload.get("cnpj") or "").upper())
    draw = _Draw(cnpj or empresa)
    if draw.of("encontrado", 100) < _NAO_ENCONTRADOS:
        return {"encontrado": False, "fonte": FONTE, "sandbox": True, "campos": {}}
    setor, atividades = _sector(empresa, draw)
    uf = _state(payload.get("uf"), draw)
    _, porte, porte_receita, faixa = next(row for row in _PORTES if draw.of("porte", 100) < row[0])
    campos: dict[str, Any] = {
        "setor": setor,
        "porte_receita": porte_receita,
        "atividade_principal": draw.one("atividade", atividades),
        "uf": uf,
        "abertura": _opening(draw),
        "socios": _partners(draw),
        "faturamento_faixa": faixa,
    }
    if porte is not None:
        campos["porte"] = porte
    if uf in _CIDADES:
        campos["cidade"] = draw.one("cidade", _CIDADES[uf])
    return {"encontrado": True, "fonte": FONTE, "sandbox": True, "campos": campos}


class _Draw:
    """Numbers that follow from an identity and a purpose."""

    def __init__(self, identity: str) -> None:
        self._identity = identity

    def of(self, purpose: str, limit: int) -> int:
        digest = hashlib.sha256(f"{self._identity}/{purpose}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def one(self, purpose: str, options: tuple[str, ...]) -> str:
        return options[self.of(purpose, len(options))]


def _sector(empresa: str, draw: _Draw) -> tuple[str, tuple[str, ...]]:
    for setor, words, atividades in _SETORES:
        if any(word in empresa for word in words):
            return setor, atividades
    setor, _, atividades = _SETORES[draw.of("setor", len(_SETORES))]
    return setor, atividades


def _state(uf: str | None, draw: _Draw) -> str:
    known = (uf or "").strip().upper()
    return known if re.fullmatch(r"[A-Z]{2}", known) else draw.one("uf", _SORTEIO_UF)


def _opening(draw: _Draw) -> str:
    year, month, day = draw.of("ano", 30), draw.of("mes", 12), draw.of("dia", 28)
    return f"{1994 + year:04d}-{month + 1:02d}-{day + 1:02d}"


def _partners(draw: _Draw) -> list[str]:
    count = 1 + draw.of("socios", 2)
    names = [
        f"{draw.one(f'nome{i}', _NOMES)} {draw.one(f'sobrenome{i}', _SOBRENOMES)} (sandbox)"
        for i in range(count)
    ]
    return list(dict.fromkeys(names))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", letters))
