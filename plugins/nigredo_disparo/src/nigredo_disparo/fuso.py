"""The time zone that a lead lives in.

Zones by DDD follow Anatel's numbering plan and Brazil's legal time (Decreto 2.784/1913, Lei
11.662/2008, Lei 12.876/2013). Every other DDD keeps Brasília time. Western municipalities of
Amazonas that share DDD 97 but keep Acre's time are read as Manaus: one hour late, never early.
"""

from __future__ import annotations

from collections.abc import Mapping

BRASILIA = "America/Sao_Paulo"
FUSO_POR_DDD: Mapping[str, str] = {
    "65": "America/Cuiaba",
    "66": "America/Cuiaba",
    "67": "America/Campo_Grande",
    "68": "America/Rio_Branco",
    "69": "America/Porto_Velho",
    "92": "America/Manaus",
    "95": "America/Boa_Vista",
    "97": "America/Manaus",
}
FUSO_POR_UF: Mapping[str, str] = {
    "MT": "America/Cuiaba",
    "MS": "America/Campo_Grande",
    "AC": "America/Rio_Branco",
    "RO": "America/Porto_Velho",
    "AM": "America/Manaus",
    "RR": "America/Boa_Vista",
}
_TAMANHO_MINIMO = len("+5511")


def fuso_do_lead(telefone: str | None, uf: str | None, padrao: str) -> str:
    """The IANA zone of a lead: by the DDD of an E.164 phone, else by UF, else ``padrao``."""
    if telefone and telefone.startswith("+55") and len(telefone) >= _TAMANHO_MINIMO:
        return FUSO_POR_DDD.get(telefone[3:5], BRASILIA)
    if uf:
        return FUSO_POR_UF.get(uf.upper(), BRASILIA)
    return padrao
