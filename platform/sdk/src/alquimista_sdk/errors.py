"""The error tree. Retry, breaker and dead letter decide by class, never by message text."""

from __future__ import annotations


class AlquimistaError(Exception):
    """Root of every error that the platform and its agents raise on purpose.

    ``code`` is stable and machine readable; ``message`` may be shown in logs, so it never holds
    personal data.
    """

    code = "erro"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message or self.__class__.__name__)
        if code is not None:
            self.code = code


class TransientError(AlquimistaError):
    """It may work later: a time-out, a 429, a 503, a lost connection. Raise it and be run again."""

    code = "transitorio"


class PermanentError(AlquimistaError):
    """It will never work: bad payload, refused credentials, a rule broken. Goes to dead letters."""

    code = "permanente"


class CriticalError(AlquimistaError):
    """A person must look now: corruption, breach, data loss. Dead letter and an alert by e-mail."""

    code = "critico"


class InvalidEvent(PermanentError):
    """An event does not keep the fractal protocol; ``path`` names the field."""

    code = "evento_invalido"

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class InvalidPayload(PermanentError):
    """The input or output of an operation or tool does not keep its JSON Schema."""

    code = "payload_invalido"


class ManifestInvalid(PermanentError):
    """agent.toml is wrong; the message says which key and what to change."""

    code = "manifesto_invalido"


class AdmissionRefused(PermanentError):
    """The plugin breaks a rule of the contract; the message says what to change."""

    code = "admissao_recusada"


class ScopeDenied(PermanentError):
    """The agent called a service without the scope that opens it. Declare it in agent.toml."""

    code = "escopo_negado"


class NotFound(PermanentError):
    """The row does not exist for this tenant."""

    code = "nao_encontrado"


class OperationUnavailable(PermanentError):
    """No active agent of the tenant offers the operation."""

    code = "operacao_indisponivel"


class DepthExceeded(PermanentError):
    """Operations called operations more than three levels deep."""

    code = "profundidade_excedida"


class DeadlineExceeded(TransientError):
    """The agent's time-out passed."""

    code = "prazo_excedido"


class VersionConflict(TransientError):
    """A row changed between read and commit. The runner runs the handler again, at most 3 times."""

    code = "conflito_de_versao"
