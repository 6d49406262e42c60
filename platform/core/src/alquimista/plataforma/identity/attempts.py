"""Counted attempts: growing delays for a pair, an address and a network, under keyed hashes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from math import ceil
from typing import Any

from sqlalchemy import Connection, Row, text

from alquimista.db.session import Database
from alquimista.plataforma.identity.errors import MuitasTentativas

_GATES = "unnest(CAST(:keys AS text[]), CAST(:{0} AS {1}[])) AS g(key, {0})"
_COUNT = (
    "(SELECT max(alquimista_platform.login_attempt(g.key, g.free)) FROM "
    + _GATES.format("free", "integer")
    + ")"
)
_TAKE = text(f"SELECT {_COUNT} AS espera")
_TAKE_AND_FIND = text(
    f"SELECT w.espera, f.* FROM {_COUNT} AS w(espera) "
    "LEFT JOIN alquimista_platform.find_login(:address) AS f ON true"
)
_PASSED = text(
    "SELECT alquimista_platform.login_passed(g.key, g.forget) FROM "
    + _GATES.format("forget", "boolean")
)
_CLOSED = text("SELECT alquimista_platform.login_closed(CAST(:keys AS text[]))")
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
            _let_through(connection.execute(_TAKE, _counted(gates)).scalar_one())

    def take_and_find(self, gates: Mapping[str, int], address: str) -> Row[Any]:
        """Count one attempt at every gate and find whose address it is, in one message.

        ``user_id``, ``senha_hash``, ``status`` and ``tenant_id`` are None for nobody's.

        Raises:
            MuitasTentativas: one of the gates is closed for now.
        """
        with self._database.anonymous() as connection:
            row = connection.execute(_TAKE_AND_FIND, {**_counted(gates), "address": address}).one()
            _let_through(row.espera)
        return row

    @staticmethod
    def passed(connection: Connection, gates: Mapping[str, int]) -> None:
        """Take the attempt back: it was right. A network's other attempts stay counted."""
        keys = sorted(gates)
        forget = [gates[key] != _LIVRES_REDE for key in keys]
        connection.execute(_PASSED, {"keys": keys, "forget": forget})

    @staticmethod
    def closed(connection: Connection, gates: Mapping[str, int]) -> int:
        """Seconds until the last closed one of the gates opens again; 0 where none is closed."""
        wait: float = connection.execute(_CLOSED, {"keys": sorted(gates)}).scalar_one()
        return ceil(wait)

    def _digest(self, value: str) -> str:
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()


def _counted(gates: Mapping[str, int]) -> dict[str, Any]:
    """Gates in one order whoever takes them: two logins at once never wait for each other."""
    keys = sorted(gates)
    return {"keys": keys, "free": [gates[key] for key in keys]}


def _let_through(wait: float) -> None:
    if wait > 0:
        raise MuitasTentativas(ceil(wait))
