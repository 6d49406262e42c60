"""One POST to an address that a user named: no redirect is followed, no proxy is used."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from alquimista_integrations.egress.addresses import Policy, Resolver, resolve, system_resolver
from alquimista_sdk.errors import TransientError

_READ_LIMIT = 16_384


@dataclass(frozen=True, slots=True)
class Reply:
    """The receiver's status and how long it took; redirects are answers like any other."""

    status: int
    duration_ms: int


class Poster:
    """Posts within ``deadline`` seconds, however slowly the receiver drips its answer."""

    def __init__(
        self,
        policy: Policy | None = None,
        deadline: float = 10.0,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._policy = policy or Policy()
        self._deadline = deadline
        self._resolver = resolver

    @property
    def policy(self) -> Policy:
        """Which addresses may be called."""
        return self._policy

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post once.

        Raises:
            UrlNaoPermitida: the URL leads where it may not.
            TransientError: no connection, a broken answer, or none in time.
        """
        target = resolve(url, self._policy, self._resolver)
        started = time.monotonic()
        connection = _Pinned(target.host, target.port, target.address, self._deadline)
        connection.secure = target.scheme == "https"
        watchdog = threading.Timer(self._deadline, connection.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.request("POST", target.path, body, dict(headers))
            response = connection.getresponse()
            response.read(_READ_LIMIT)
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(f"the receiver gave no answer: {type(error).__name__}") from error
        finally:
            watchdog.cancel()
            connection.close()
        if connection.late:
            raise TransientError("the receiver gave no answer in time")
        return Reply(response.status, int((time.monotonic() - started) * 1000))


class _Pinned(http.client.HTTPConnection):
    """Connects to an address that was checked, and speaks to the host it belongs to."""

    def __init__(self, host: str, port: int, address: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self.secure = True
        self.late = False

    def connect(self) -> None:
        """Open the socket; over TLS the certificate must be the host's."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self.secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End a call that takes too long, from another thread."""
        self.late = True
        sock = self.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
