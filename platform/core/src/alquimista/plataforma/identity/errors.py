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


class LinkInvalido(PermanentError):
    """A link's token that is unknown, used, revoked or expired."""

    code = "link_invalido"


class RenovacaoEmAndamento(PermanentError):
    """Another call exchanged the same refresh token just now; its answer is the one to use."""

    code = "renovacao_em_andamento"
    http_status = HTTPStatus.CONFLICT


class SenhaErrada(PermanentError):
    """The password that confirms an action is wrong."""

    code = "senha_errada"

    def __init__(self) -> None:
        super().__init__("A senha atual não confere.")


class CodigoErrado(PermanentError):
    """A one-time code that is wrong, used before or expired."""

    code = "codigo_errado"

    def __init__(self) -> None:
        super().__init__("O código não confere ou já foi usado. Espere o próximo e tente de novo.")


class SegundoFatorAtivo(PermanentError):
    """There is a confirmed second factor already; take it away first."""

    code = "segundo_fator_ativo"
    http_status = HTTPStatus.CONFLICT


class SegundoFatorExigido(AlquimistaError):
    """The tenant asks for a second factor and this session began without one."""

    code = "segundo_fator_exigido"
    http_status = HTTPStatus.FORBIDDEN


class EmailEmUso(PermanentError):
    """The e-mail belongs to an account already; told only to who proved to read its letters."""

    code = "email_em_uso"
    http_status = HTTPStatus.CONFLICT


class PapelAcima(AlquimistaError):
    """Who gives or takes a role holds less than it."""

    code = "papel_acima_do_seu"
    http_status = HTTPStatus.FORBIDDEN


class UltimoAdmin(PermanentError):
    """The last admin of a tenant may neither leave nor step down."""

    code = "ultimo_admin"
    http_status = HTTPStatus.CONFLICT


class DadosNecessarios(PermanentError):
    """Somebody without an account accepts an invitation: name and password are missing."""

    code = "dados_necessarios"
