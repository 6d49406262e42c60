"""Counted attempts: growing delays for a pair, an address and a network, under keyed hashes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from math import ceil

from sqlalchemy import Connection, text

from alquimista.db.session import Database
from alquimista.plataforma.identity.errors import MuitasTentativas

_TAKE = text("SELECT alquimista_platform.login_attempt(:key, :free)")
_PASSED = text("SELECT alquimista_platform.login_passed(:key, :forget)")
_LIVRES_PAR = 5
_LIVRES_ENDERECO = 20
_LIVRES_REDE = 60
_LIVRES_CARTAS = 10
_LIVRES_PESSOA = 5


class Attempts:
    """Counts before anything is looked at, so that guesses made at once count too.

    What is counted never depends on whether an account exists.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def login(self, address: str, rede: str) -> Mapping[str, int]:
        """The gates of a login: pair, address and network, with how many are free in an hour."""
        gates = {
            self._digest(f"par:{address}:{rede}"): _LIVRES_PAR,
            **self.address(address),
        }
        if rede:
            gates[self._digest(f"rede:{rede}")] = _LIVRES_REDE
        return gates

    def address(self, address: str) -> Mapping[str, int]:
        """The gate of an address alone, whoever asks."""
        return {self._digest(f"endereco:{address.strip().lower()}"): _LIVRES_ENDERECO}

    def letter(self, kind: str, address: str, rede: str) -> Mapping[str, int]:
        """The gates of whatever sends a letter to an address that anybody may type."""
        gates = {self._digest(f"{kind}:endereco:{address}"): _LIVRES_CARTAS}
        if rede:
            gates[self._digest(f"{kind}:rede:{rede}")] = _LIVRES_REDE
        return gates

    def person(self, kind: str, person: object) -> Mapping[str, int]:
        """The gate of one person's guesses, such as one-time codes."""
        return {self._digest(f"{kind}:pessoa:{person}"): _LIVRES_PESSOA}

    def take(self, gates: Mapping[str, int]) -> None:
        """Count one attempt at every gate.

        Raises:
            MuitasTentativas: one of them is closed for now.
        """
        with self._database.anonymous() as connection:
            for key, free in sorted(gates.items()):
                wait = connection.execute(_TAKE, {"key": key, "free": free}).scalar_one()
                if wait > 0:
                    raise MuitasTentativas(ceil(wait))

    @staticmethod
    def passed(connection: Connection, gates: Mapping[str, int]) -> None:
        """Take the attempt back: it was right. A network's other attempts stay counted."""
        for key, free in sorted(gates.items()):
            connection.execute(_PASSED, {"key": key, "forget": free != _LIVRES_REDE})

    def _digest(self, value: str) -> str:
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()
