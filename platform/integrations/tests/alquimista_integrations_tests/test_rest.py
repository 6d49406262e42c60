"""How answers of a REST service become our errors."""

from __future__ import annotations

import socket

import pytest

from alquimista_integrations.outcome import OutcomeUnknown
from alquimista_integrations.rest import RestClient
from alquimista_integrations_tests.servers import closed_port, http_service, scripted_tcp
from alquimista_sdk.errors import PermanentError, TransientError


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_busy_service_is_worth_another_try(status: int) -> None:
    with (
        http_service(lambda _: (status, "devagar")) as service,
        pytest.raises(TransientError) as caught,
    ):
        RestClient("X", service.url).call("POST", "/a", body={})
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_a_refusal_is_final_and_names_the_status(status: int) -> None:
    with (
        http_service(lambda _: (status, {"erro": "segredo do lead"})) as service,
        pytest.raises(PermanentError, match=str(status)) as caught,
    ):
        RestClient("X", service.url).call("POST", "/a", body={})
    assert "segredo" not in str(caught.value)


def test_a_gateway_page_after_a_post_leaves_the_outcome_unknown() -> None:
    with (
        http_service(lambda _: (502, "<html>Bad gateway</html>")) as service,
        pytest.raises(OutcomeUnknown),
    ):
        RestClient("X", service.url).call("POST", "/a", body={})


def test_a_gateway_page_after_a_get_is_only_transient() -> None:
    with (
        http_service(lambda _: (502, "<html>Bad gateway</html>")) as service,
        pytest.raises(TransientError) as caught,
    ):
        RestClient("X", service.url).call("GET", "/a")
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_refused_connection_surely_did_nothing() -> None:
    with pytest.raises(TransientError) as caught:
        RestClient("X", f"http://127.0.0.1:{closed_port()}").call("POST", "/a", body={})
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_silent_service_leaves_the_outcome_unknown() -> None:
    def silence(connection: socket.socket) -> None:
        while connection.recv(4096):
            continue

    with scripted_tcp(silence) as port:
        client = RestClient("X", f"http://127.0.0.1:{port}", timeout=(1.0, 0.1))
        with pytest.raises(OutcomeUnknown):
            client.call("POST", "/a", body={})


def hang_up(connection: socket.socket) -> None:
    connection.recv(4096)


def test_a_dropped_connection_leaves_the_outcome_unknown() -> None:
    with (
        scripted_tcp(hang_up) as port,
        pytest.raises(OutcomeUnknown),
    ):
        RestClient("X", f"http://127.0.0.1:{port}").call("POST", "/a", body={})


def test_an_answer_that_is_no_object_is_refused() -> None:
    with http_service(lambda _: (200, "[1, 2]")) as service, pytest.raises(PermanentError):
        RestClient("X", service.url).call("GET", "/a")


def test_an_expected_refusal_is_answered() -> None:
    with http_service(lambda _: (404, {"a": 1})) as service:
        answer = RestClient("X", service.url).call("GET", "/a", expected=(404,))
    assert (answer.status, answer.body) == (404, {"a": 1})


def test_an_address_that_is_none_is_a_mistake_of_ours() -> None:
    with pytest.raises(PermanentError):
        RestClient("X", "isto não é um endereço").call("GET", "/a")
