"""Company facts of the Receita Federal through BrasilAPI (``/api/cnpj/v1/{cnpj}``)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from alquimista_integrations.enrichment.cnae import setor_of
from alquimista_integrations.rest import RestClient, Timeout

BASE_URL = "https://brasilapi.com.br"
FONTE = "receita_federal"
_PORTES = {"1": "ME", "3": "EPP"}
"""``codigo_porte`` of the public CNPJ data. 5 is DEMAIS: neither Média nor Grande is known."""

_MAX_SOCIOS = 10


class ReceitaFederal:
    """Looks companies up by CNPJ."""

    def __init__(self, base_url: str = BASE_URL, timeout: Timeout = (5.0, 15.0)) -> None:
        self._rest = RestClient("BrasilAPI", base_url, None, timeout)

    def company(self, cnpj: str | None) -> dict[str, Any]:
        """The answer of ``enrichment.company``: ``encontrado``, ``fonte``, ``sandbox``, ``campos``.

        ``porte`` follows decision 12: ME, EPP or MEI where the register says so; DEMAIS only
        fills ``porte_receita``.

        Raises:
            TransientError: 429, 5xx, no answer in time.
            PermanentError: the service refused the call.
        """
        clean = re.sub(r"[^0-9A-Z]", "", (cnpj or "").upper())
        if len(clean) != 14:
            return _answer({})
        answer = self._rest.call("GET", f"/api/cnpj/v1/{clean}", expected=(400, 404))
        return _answer(_fields(answer.body) if answer.status == 200 else {})


def _answer(campos: dict[str, Any]) -> dict[str, Any]:
    return {"encontrado": bool(campos), "fonte": FONTE, "sandbox": False, "campos": campos}


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    cnae = body.get("cnae_fiscal")
    socios = body.get("qsa")
    campos: dict[str, Any] = {
        "setor": setor_of(str(cnae)) if cnae else None,
        "porte": _porte(body),
        "porte_receita": _text(body.get("porte")),
        "atividade_principal": _text(body.get("cnae_fiscal_descricao")),
        "cidade": _city(body.get("municipio")),
        "uf": _text(body.get("uf")),
        "abertura": _iso_date(body.get("data_inicio_atividade")),
        "socios": [
            str(socio["nome_socio"]).strip()
            for socio in (socios if isinstance(socios, list) else [])
            if isinstance(socio, dict) and socio.get("nome_socio")
        ][:_MAX_SOCIOS],
    }
    return {name: value for name, value in campos.items() if value}


def _porte(body: dict[str, Any]) -> str | None:
    if body.get("opcao_pelo_mei") is True:
        return "MEI"
    return _PORTES.get(str(body.get("codigo_porte")))


def _text(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


_SMALL_WORDS = frozenset({"de", "da", "do", "das", "dos", "e"})


def _city(value: object) -> str | None:
    text = _text(value)
    if text is None:
        return None
    words = text.lower().split(" ")
    return " ".join(
        word if index and word in _SMALL_WORDS else word.capitalize()
        for index, word in enumerate(words)
    )


def _iso_date(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        return None
