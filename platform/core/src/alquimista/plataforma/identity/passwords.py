"""Passwords: argon2id (RFC 9106), and the policy of decision 27."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from alquimista.plataforma.identity.errors import SenhaFraca

MINIMO = 8
MAXIMO = 256
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
"""OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane."""


def hash_password(senha: str) -> str:
    """The encoded argon2id hash of a password that keeps the policy.

    Raises:
        SenhaFraca: it does not.
    """
    faltas = policy_faults(senha)
    if faltas:
        raise SenhaFraca(policy_text(faltas))
    return _HASHER.hash(senha)


def verify_password(hashed: str | None, senha: str) -> bool:
    """Whether the password is the hash's. Without a hash the same work is done, and it is not."""
    known = hashed is not None
    if len(senha) > MAXIMO:
        known, senha = False, senha[:MAXIMO]
    try:
        _HASHER.verify(hashed if hashed is not None else _dummy(), senha)
    except (VerificationError, InvalidHashError):
        return False
    return known


def policy_faults(senha: str) -> tuple[str, ...]:
    """What a password lacks (pt-BR), in a fixed order; empty where it keeps the policy."""
    rules = (
        (len(senha) >= MINIMO, f"pelo menos {MINIMO} caracteres"),
        (len(senha) <= MAXIMO, f"no máximo {MAXIMO} caracteres"),
        (any(c.isupper() for c in senha), "uma letra maiúscula"),
        (any(c.islower() for c in senha), "uma letra minúscula"),
        (any(c.isdigit() for c in senha), "um número"),
    )
    return tuple(text for kept, text in rules if not kept)


def policy_text(faltas: tuple[str, ...]) -> str:
    """What a password lacks as one sentence for its owner."""
    return f"A senha precisa ter {_joined(faltas)}."


def _joined(parts: tuple[str, ...]) -> str:
    return " e ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


@cache
def _dummy() -> str:
    return _HASHER.hash("nobody has this password")
