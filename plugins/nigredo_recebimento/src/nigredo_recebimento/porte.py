"""Porte and UF as people write them, in the product's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from nigredo_recebimento.texto import dobrado

PORTES: Final = ("MEI", "ME", "EPP", "Média", "Grande")
_PORTE: Final[Mapping[str, str]] = {
    "mei": "MEI",
    "microempreendedor individual": "MEI",
    "me": "ME",
    "micro": "ME",
    "microempresa": "ME",
    "micro empresa": "ME",
    "epp": "EPP",
    "pequena": "EPP",
    "pequeno": "EPP",
    "pequeno porte": "EPP",
    "pequena empresa": "EPP",
    "empresa de pequeno porte": "EPP",
    "media": "Média",
    "medio": "Média",
    "medio porte": "Média",
    "media empresa": "Média",
    "grande": "Grande",
    "grande porte": "Grande",
    "grande empresa": "Grande",
}
REGIOES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("AC", "AP", "AM", "PA", "RO", "RR", "TO"), "Norte"),
    **dict.fromkeys(("AL", "BA", "CE", "MA", "PB", "PE", "PI", "RN", "SE"), "Nordeste"),
    **dict.fromkeys(("DF", "GO", "MT", "MS"), "Centro-Oeste"),
    **dict.fromkeys(("ES", "MG", "RJ", "SP"), "Sudeste"),
    **dict.fromkeys(("PR", "RS", "SC"), "Sul"),
}
"""IBGE's five regions by federative unit."""
_ESTADOS: Final[Mapping[str, str]] = {
    "acre": "AC",
    "alagoas": "AL",
    "amapa": "AP",
    "amazonas": "AM",
    "bahia": "BA",
    "ceara": "CE",
    "distrito federal": "DF",
    "espirito santo": "ES",
    "goias": "GO",
    "maranhao": "MA",
    "mato grosso": "MT",
    "mato grosso do sul": "MS",
    "minas gerais": "MG",
    "para": "PA",
    "paraiba": "PB",
    "parana": "PR",
    "pernambuco": "PE",
    "piaui": "PI",
    "rio de janeiro": "RJ",
    "rio grande do norte": "RN",
    "rio grande do sul": "RS",
    "rondonia": "RO",
    "roraima": "RR",
    "santa catarina": "SC",
    "sao paulo": "SP",
    "sergipe": "SE",
    "tocantins": "TO",
}


@lru_cache(maxsize=1024)
def normalizar_porte(texto: str) -> str | None:
    """MEI, ME, EPP, Média or Grande; None for what says none of them (such as DEMAIS)."""
    return _PORTE.get(dobrado(texto).strip(" ."))


@lru_cache(maxsize=1024)
def normalizar_uf(texto: str) -> str | None:
    """The two letters of a federative unit, from them or from the state's name; else None."""
    letras = texto.strip(" .-/()").upper()
    return letras if letras in REGIOES else _ESTADOS.get(dobrado(texto))


@lru_cache(maxsize=8192)
def separar_cidade(texto: str) -> tuple[str, str | None]:
    """City and UF of "Campinas/SP", "Campinas - SP" or "Campinas (SP)"; UF None without one."""
    for corte in ("/", " - ", "-", "(", ","):
        cidade, achado, uf = texto.rpartition(corte)
        letras = uf.strip(" )").upper()
        if achado and cidade.strip() and letras in REGIOES:
            return cidade.strip(), letras
    return texto, None
