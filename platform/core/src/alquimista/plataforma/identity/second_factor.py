"""The second factor: one-time codes by RFC 6238 (TOTP), and recovery codes that open once."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pyotp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyotp.utils import build_uri
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from alquimista.plataforma.identity.errors import CodigoErrado, SegundoFatorAtivo
from alquimista.plataforma.identity.models import CodigoReserva, SegundoFator
from alquimista.plataforma.identity.port import SegredoNovo

PASSO_S = 30
JANELA = 1
"""Steps before and after the present one whose codes are taken (RFC 6238, 5.2 asks for one)."""
RESERVAS = 10
EMISSOR = "Alquimista"
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_RESERVA = 12
_NONCE = 12


def step_of(segredo: str, codigo: str, agora: datetime) -> int | None:
    """The time step whose code this is, within the window; None for a wrong one."""
    present = int(agora.timestamp()) // PASSO_S
    generator = pyotp.TOTP(segredo, interval=PASSO_S)
    found = None
    for step in range(present - JANELA, present + JANELA + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), codigo.encode()):
            found = step
    return found


def otpauth(segredo: str, email: str) -> str:
    """The address that authenticator apps scan."""
    return build_uri(segredo, email, issuer=EMISSOR, period=PASSO_S)


def new_reserve_codes() -> tuple[str, ...]:
    """Recovery codes: 59 random bits each, in groups that are easy to read aloud."""
    return tuple(_grouped() for _ in range(RESERVAS))


def plain(codigo: str) -> str:
    """A code as it is compared: people type spaces, hyphens and small letters."""
    return "".join(character for character in codigo.upper() if character.isalnum())


class SecondFactor:
    """Keeps and checks the second factors, in transactions of the person.

    ``key`` encrypts the secrets and keys the hashes of the recovery codes; ``clock`` is machine
    time.
    """

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._clock = clock

    def enabled(self, connection: Connection, user_id: UUID) -> bool:
        """Whether the person has a confirmed second factor."""
        found = connection.execute(
            select(SegundoFator.user_id).where(
                SegundoFator.user_id == user_id, SegundoFator.confirmado_em.is_not(None)
            )
        ).one_or_none()
        return found is not None

    def describe(self, connection: Connection, user_id: UUID) -> Mapping[str, Any]:
        """Whether it is on, since when, and how many recovery codes are left."""
        since = connection.execute(
            select(SegundoFator.confirmado_em).where(SegundoFator.user_id == user_id)
        ).scalar_one_or_none()
        left = connection.execute(
            select(func.count()).where(
                CodigoReserva.user_id == user_id, CodigoReserva.usado_em.is_(None)
            )
        ).scalar_one()
        return {"ativo": since is not None, "desde": since, "codigos_restantes": left}

    def enrol(self, connection: Connection, user_id: UUID, email: str) -> SegredoNovo:
        """A new secret, kept encrypted; it replaces one that was never confirmed.

        Raises:
            SegundoFatorAtivo: there is a confirmed one.
        """
        if self.enabled(connection, user_id):
            raise SegundoFatorAtivo("A verificação em duas etapas já está ativa.")
        segredo = pyotp.random_base32()
        values = {
            "segredo": self._seal(user_id, segredo),
            "ultimo_passo": 0,
            "confirmado_em": None,
            "created_at": self._clock(),
        }
        connection.execute(
            upsert(SegundoFator)
            .values(user_id=user_id, **values)
            .on_conflict_do_update(index_elements=["user_id"], set_=values)
        )
        return SegredoNovo(segredo, otpauth(segredo, email))

    def confirm(self, connection: Connection, user_id: UUID, codigo: str) -> Sequence[str]:
        """Turn it on by a first code; answers the recovery codes.

        Raises:
            CodigoErrado: the code is wrong, or nothing waits for one.
        """
        if self.enabled(connection, user_id) or not self._take_code(connection, user_id, codigo):
            raise CodigoErrado
        connection.execute(
            update(SegundoFator)
            .where(SegundoFator.user_id == user_id)
            .values(confirmado_em=self._clock())
        )
        codes = new_reserve_codes()
        connection.execute(delete(CodigoReserva).where(CodigoReserva.user_id == user_id))
        connection.execute(
            insert(CodigoReserva),
            [
                {"user_id": user_id, "hash": self._hash(code), "created_at": self._clock()}
                for code in codes
            ],
        )
        return codes

    def check(self, connection: Connection, user_id: UUID, codigo: str) -> bool:
        """Whether a one-time or recovery code is right, and was not taken before."""
        if not self.enabled(connection, user_id):
            return False
        return self._take_code(connection, user_id, codigo) or self._take_reserve(
            connection, user_id, codigo
        )

    def disable(self, connection: Connection, user_id: UUID) -> bool:
        """Forget the secret and the recovery codes; whether there was one."""
        connection.execute(delete(CodigoReserva).where(CodigoReserva.user_id == user_id))
        gone = connection.execute(delete(SegundoFator).where(SegundoFator.user_id == user_id))
        return gone.rowcount > 0

    def _take_code(self, connection: Connection, user_id: UUID, codigo: str) -> bool:
        """The update is the guard: of two calls with one code, one changes the row."""
        sealed = connection.execute(
            select(SegundoFator.segredo).where(SegundoFator.user_id == user_id)
        ).scalar_one_or_none()
        if sealed is None:
            return False
        step = step_of(self._open(user_id, bytes(sealed)), plain(codigo), self._clock())
        if step is None:
            return False
        taken = connection.execute(
            update(SegundoFator)
            .where(SegundoFator.user_id == user_id, SegundoFator.ultimo_passo < step)
            .values(ultimo_passo=step)
        )
        return taken.rowcount == 1

    def _take_reserve(self, connection: Connection, user_id: UUID, codigo: str) -> bool:
        taken = connection.execute(
            update(CodigoReserva)
            .where(
                CodigoReserva.user_id == user_id,
                CodigoReserva.hash == self._hash(codigo),
                CodigoReserva.usado_em.is_(None),
            )
            .values(usado_em=self._clock())
        )
        return taken.rowcount == 1

    def _seal(self, user_id: UUID, segredo: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._key).encrypt(nonce, segredo.encode(), user_id.bytes)

    def _open(self, user_id: UUID, sealed: bytes) -> str:
        nonce, secret = sealed[:_NONCE], sealed[_NONCE:]
        return AESGCM(self._key).decrypt(nonce, secret, user_id.bytes).decode()

    def _hash(self, codigo: str) -> str:
        return hmac.digest(self._key, plain(codigo).encode(), "sha256").hex()


def _grouped() -> str:
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_RESERVA))
    return "-".join(code[start : start + 4] for start in range(0, _RESERVA, 4))
