"""Sending through the WhatsApp Cloud API.

Source: Meta, "Cloud API: Messages" and "Error codes" (Graph API v21).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from alquimista_integrations.rest import DEFAULT_TIMEOUT, Answer, RestClient, Timeout
from alquimista_sdk.errors import PermanentError, TransientError

MAX_TEXTO = 4096
"""Characters of a text message (Meta's limit)."""

MAX_CALLBACK = 512
_REJECTED = tuple(range(400, 429))
_BUSY_CODES = frozenset({1, 2, 4, 17, 341, 80007, 130429, 131016, 131048, 131056, 133004, 133016})
"""Error codes that pass with time: limits of the app, the number and the pair, maintenance."""


class WhatsAppCloud:
    """One business number. ``phone_number_id`` is Meta's id of it, not the number."""

    def __init__(
        self,
        base_url: str,
        token: str,
        phone_number_id: str,
        timeout: Timeout = DEFAULT_TIMEOUT,
    ) -> None:
        self._rest = RestClient("WhatsApp", base_url, lambda: token, timeout)
        self._path = f"/{phone_number_id}/messages"

    def send_text(self, para: str, texto: str, chave: str) -> str:
        """Send a text (inside the 24-hour window) and answer Meta's id (``wamid``).

        ``chave`` travels as ``biz_opaque_callback_data`` and comes back with each status report.

        Raises:
            TransientError: 429, 5xx, a limit, no connection.
            OutcomeUnknown: the answer was lost; Meta may have taken the message.
            PermanentError: Meta refused the message.
        """
        if not texto.strip() or len(texto) > MAX_TEXTO:
            raise PermanentError(
                f"A mensagem de WhatsApp deve ter de 1 a {MAX_TEXTO} caracteres.",
                code="tamanho_da_mensagem",
            )
        return self._send(para, chave, {"type": "text", "text": _body(texto)})

    def send_template(
        self,
        para: str,
        modelo: str,
        parametros: Sequence[str],
        chave: str,
        idioma: str = "pt_BR",
    ) -> str:
        """Send an approved template; raises as ``send_text`` does.

        Parameters may hold no line break (Meta refuses them): white space becomes one blank.
        """
        template: dict[str, Any] = {"name": modelo, "language": {"code": idioma}}
        if parametros:
            values = [{"type": "text", "text": " ".join(valor.split())} for valor in parametros]
            template["components"] = [{"type": "body", "parameters": values}]
        return self._send(para, chave, {"type": "template", "template": template})

    def _send(self, para: str, chave: str, content: dict[str, Any]) -> str:
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": _digits(para),
            "biz_opaque_callback_data": chave[:MAX_CALLBACK],
            **content,
        }
        answer = self._rest.call("POST", self._path, body=body, expected=_REJECTED)
        if answer.status >= 400:
            raise _refusal(answer)
        try:
            return str(answer.body["messages"][0]["id"])
        except (KeyError, IndexError, TypeError) as error:
            raise PermanentError("WhatsApp: a resposta não traz o id da mensagem") from error


def _body(texto: str) -> dict[str, Any]:
    return {"preview_url": False, "body": texto}


def _digits(para: str) -> str:
    digits = re.sub(r"\D", "", para)
    if not 8 <= len(digits) <= 20:
        raise PermanentError("O número de WhatsApp não é válido.", code="telefone_invalido")
    return digits


def _refusal(answer: Answer) -> PermanentError | TransientError:
    error = answer.body.get("error")
    detail = error if isinstance(error, dict) else {}
    code = detail.get("code")
    message = f"WhatsApp: recusado com HTTP {answer.status}, código {code}"
    if answer.status == 408 or code in _BUSY_CODES or detail.get("is_transient") is True:
        return TransientError(message, code=f"whatsapp_{code}")
    return PermanentError(message, code=f"whatsapp_{code}")
