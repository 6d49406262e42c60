"""Amazon Comprehend behind a real HTTP server that looks at what it is asked."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_integrations.sentiment.comprehend import MAX_BYTES, Comprehend, cut_bytes, mapped
from alquimista_integrations_tests.servers import Reply, Request, http_service
from alquimista_sdk.errors import PermanentError, TransientError


@pytest.fixture(autouse=True)
def _access(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nada")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def told(sentiment: str, positive: float = 0.1, negative: float = 0.1) -> dict[str, Any]:
    """An answer as AWS documents it."""
    score = {"Positive": positive, "Negative": negative, "Neutral": 0.3, "Mixed": 0.1}
    return {"Sentiment": sentiment, "SentimentScore": score}


def test_the_request_is_portuguese_signed_and_at_most_five_kilobytes() -> None:
    with http_service(lambda _: (200, told("NEGATIVE", 0.02, 0.9))) as service:
        found = Comprehend("us-east-1", service.url).read("não " * 3000, 5.0)
    [request] = service.received
    assert request.headers["x-amz-target"] == "Comprehend_20171127.DetectSentiment"
    assert "AKIDTEST" in request.headers["authorization"]
    assert set(request.body) == {"Text", "LanguageCode"}
    assert request.body["LanguageCode"] == "pt"
    assert MAX_BYTES - 4 < len(request.body["Text"].encode()) <= MAX_BYTES
    assert (found["sentimento"], found["intensidade"]) == ("negativo", 88)
    assert (found["intent"], found["descadastro"], found["conhece_irritado"]) == (None, None, False)


@pytest.mark.parametrize(
    ("answer", "classe", "intensidade"),
    [
        (told("POSITIVE", 0.95, 0.01), "positivo", 94),
        (told("NEUTRAL", 0.2, 0.1), "neutro", 10),
        (told("MIXED", 0.2, 0.6), "negativo", 40),
        (told("MIXED", 0.6, 0.2), "positivo", 40),
        (told("MIXED", 0.3, 0.3), "neutro", 0),
    ],
)
def test_each_of_its_classes_is_one_of_ours(
    answer: dict[str, Any], classe: str, intensidade: int
) -> None:
    found = mapped(answer)
    assert (found["sentimento"], found["intensidade"]) == (classe, intensidade)


@pytest.mark.parametrize("answer", [{}, told("ANGRY"), {"Sentiment": "POSITIVE"}])
def test_an_answer_that_aws_does_not_document_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(PermanentError):
        mapped(answer)


def failure(status: int, code: str) -> Reply:
    """An error as AWS answers it."""
    return status, json.dumps({"__type": code, "message": "segredo da pessoa"})


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "ThrottlingException", TransientError),
        (500, "InternalServerException", TransientError),
        (400, "TextSizeLimitExceededException", PermanentError),
        (403, "AccessDeniedException", PermanentError),
    ],
)
def test_a_failure_has_its_class_and_no_word_of_the_text(
    status: int, code: str, expected: type[Exception]
) -> None:
    with (
        http_service(lambda _: failure(status, code)) as service,
        pytest.raises(expected) as caught,
    ):
        Comprehend("us-east-1", service.url).read("oi", 5.0)
    assert str(caught.value) == f"Comprehend: {code}"
    assert len(service.received) == 1, "the caller decides whether to try again"


def test_a_service_that_is_silent_is_given_up_in_time() -> None:
    given_up = threading.Event()
    waited: list[bool] = []

    def silent(_: Request) -> Reply:
        waited.append(given_up.wait(20))
        return 200, told("NEUTRAL")

    with http_service(silent) as service:
        with pytest.raises(TransientError):
            Comprehend("us-east-1", service.url).read("oi", 0.3)
        assert waited == [], "the caller did not wait for the answer"
        given_up.set()


def test_an_empty_text_is_neutral_without_a_call() -> None:
    assert Comprehend("us-east-1", "http://127.0.0.1:1").read("  ", 1.0)["sentimento"] == "neutro"


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_a_cut_keeps_whole_characters_from_the_beginning(texto: str, most: int) -> None:
    cut = cut_bytes(texto, most)
    assert len(cut.encode()) <= most
    assert texto.startswith(cut)
    assert cut == texto or len(cut.encode()) > most - 4
