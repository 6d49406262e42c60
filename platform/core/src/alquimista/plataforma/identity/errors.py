"""What identity refuses; every answer is the same whether or not an account exists."""

from __future__ import annotations

from http import HTTPStatus

from alquimista_sdk.errors import AlquimistaError, PermanentError


class AcessoRecusado(AlquimistaError):
    """No, an expired, a forged or a revoked credential. Ask for a new one."""

    code = "nao_autenticado"
    http_status = HTTPStatus.UNAUTHORIZED


class ContaSuspensa(AlquimistaError):
    """The tenant is suspended: nothing of it may be read or changed."""

    code = "conta_suspensa"
    http_status = HTTPStatus.FORBIDDEN


class MuitasTentativas(AlquimistaError):
    """Too many attempts; wait ``retry_after`` seconds."""

    code = "muitas_tentativas"
    http_status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Muitas tentativas de entrada. Aguarde {retry_after} s e tente de novo.")
        self.retry_after = retry_after


class SenhaFraca(PermanentError):
    """The password breaks the policy; the message says which rules."""

    code = "senha_fraca"


class EscopoInvalido(PermanentError):
    """A permission or scope that does not exist, or that may not be given."""

    code = "escopo_invalido"
