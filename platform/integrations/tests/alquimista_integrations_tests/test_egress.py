"""No address that a user names leads into a private network, however it is spelled."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_integrations.egress.addresses import (
    Policy,
    UrlNaoPermitida,
    check_url,
    is_public,
    resolve,
)
from alquimista_integrations.egress.post import Poster
from alquimista_sdk.errors import TransientError

PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
)
SPELLED = (
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0/",
    "https://[::ffff:127.0.0.1]/",
    "https://localhost/",
    "https://intranet/",
    "https://db.internal/",
    "https://impressora.local/",
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:25/_",
    "https://",
    "https:///caminho",
    "https://user:senha@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/\r\nHost: x",
    "https://hooks.example.com/ x",
    "https://[::1",
    "https://[fe80::1%25eth0]/",
    "https://hoоks.example.com/",
    "https://example.com/" + "a" * 2_000,
)


def answering(*addresses: str) -> Any:
    """A resolver that knows one answer."""

    def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolver


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    for found in ((address,), ("93.184.216.34", address)):
        with pytest.raises(UrlNaoPermitida):
            resolve("https://hooks.example.com/", Policy(), answering(*found))


@pytest.mark.parametrize("url", SPELLED, ids=range(len(SPELLED)))
def test_a_url_that_is_no_public_https_one_is_refused(url: str) -> None:
    with pytest.raises(UrlNaoPermitida):
        check_url(url, Policy())


@pytest.mark.parametrize("url", ["https://hooks.example.com/a?b=1", "https://x.example.com:8443"])
def test_a_public_https_url_is_taken(url: str) -> None:
    target = resolve(url, Policy(), answering("93.184.216.34"))
    assert target.address == "93.184.216.34"
    assert target.scheme == "https"


@given(st.integers(0, 2**32 - 1))
def test_an_address_in_decimal_is_judged_as_the_address_that_it_is(number: int) -> None:
    address = ipaddress.IPv4Address(number)
    if is_public(address):
        assert check_url(f"https://{number}/", Policy())[1] == str(number)
    else:
        with pytest.raises(UrlNaoPermitida):
            check_url(f"https://{number}/", Policy())


@given(st.ip_addresses(v=4))
def test_an_address_packed_in_ipv6_is_no_more_public_than_itself(
    address: ipaddress.IPv4Address,
) -> None:
    for packed in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_public(ipaddress.ip_address(packed)) == is_public(address)


class Receiver(ThreadingHTTPServer):
    """Answers with a status and headers, or drips."""

    status = 200
    location = ""
    drips = False
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        self.rfile.read(int(self.headers["Content-Length"]))
        server.seen.append(f"{self.headers['Host']}{self.path}")
        if server.drips:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not closing.wait(0.02):
                try:
                    self.wfile.write(b"a")
                except OSError:
                    return
        self.send_response(server.status)
        if server.location:
            self.send_header("Location", server.location)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests stay quiet."""


closing = threading.Event()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on this machine, while it runs."""
    closing.clear()
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


LOCAL = Policy(frozenset({"127.0.0.1"}))


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with receiving() as server:
        server.status, server.location = 302, f"http://127.0.0.1:{server.server_port}/dentro"
        url = f"http://127.0.0.1:{server.server_port}/fora"
        assert Poster(LOCAL).post(url, b"{}", {}).status == 302
        assert server.seen == [f"127.0.0.1:{server.server_port}/fora"]


def test_a_name_is_looked_up_once_and_that_address_is_called() -> None:
    """A name server that answers a public address first and a private one next gains nothing."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with receiving() as server:
        poster = Poster(Policy(frozenset({"127.0.0.1", "gancho"})), resolver=rebinding)
        poster.post(f"http://gancho:{server.server_port}/", b"{}", {})
        assert asked == ["gancho"]
        assert server.seen == [f"gancho:{server.server_port}/"]
        with pytest.raises(UrlNaoPermitida):
            poster.post(f"http://gancho:{server.server_port}/", b"{}", {})


def test_without_leave_this_machine_is_not_called() -> None:
    with receiving() as server:
        for url in (
            f"http://127.0.0.1:{server.server_port}/",
            f"https://127.0.0.1:{server.server_port}/",
        ):
            with pytest.raises(UrlNaoPermitida):
                Poster().post(url, b"{}", {})
        with pytest.raises(UrlNaoPermitida):
            Poster(resolver=answering("127.0.0.1")).post("https://a.example.com/", b"{}", {})
        assert server.seen == []


def test_a_receiver_that_drips_its_answer_is_cut_off() -> None:
    with receiving() as server:
        server.drips = True
        with pytest.raises(TransientError):
            Poster(LOCAL, deadline=0.3).post(f"http://127.0.0.1:{server.server_port}/", b"{}", {})


def test_a_receiver_that_is_not_there_is_a_passing_fault() -> None:
    with receiving() as server:
        port = server.server_port
    with pytest.raises(TransientError):
        Poster(LOCAL, deadline=1).post(f"http://127.0.0.1:{port}/", b"{}", {})
