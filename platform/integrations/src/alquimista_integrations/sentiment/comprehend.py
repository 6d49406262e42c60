"""Tone by Amazon Comprehend (``DetectSentiment`` in Portuguese).

Source: AWS, "Amazon Comprehend API Reference", DetectSentiment: at most 5 KB of UTF-8; four
sentiments, each with a confidence. It knows no anger, no intent and no request to stop, and a
confidence is no intensity (decision 22): how far apart positive and negative are stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, cast

from alquimista_sdk.errors import PermanentError, TransientError

MAX_BYTES = 5_000
"""5 KB, by the smaller of the two readings of KB."""

_PREPARED_S = 3.0
_TRANSIENT = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "InternalServerException"}
)
_CLASSES: Mapping[str, str] = {
    "POSITIVE": "positivo",
    "NEGATIVE": "negativo",
    "NEUTRAL": "neutro",
}


class ComprehendClient(Protocol):
    """What is used of boto3's client."""

    def detect_sentiment(self, *, Text: str, LanguageCode: str) -> Mapping[str, Any]:
        """The service's own call."""


@dataclass(frozen=True, slots=True)
class Comprehend:
    """The service in one region. ``endpoint`` is set only where AWS is imitated."""

    region: str
    endpoint: str | None = None

    def prepare(self) -> None:
        """Import AWS's library now: it takes seconds, which the first message has not."""
        _client(self.region, self.endpoint, _PREPARED_S)

    def read(self, texto: str, tempo_limite_s: float) -> dict[str, Any]:
        """The tone of a text that holds no personal data.

        Raises:
            TransientError: throttled, a 5xx, no answer within ``tempo_limite_s`` seconds.
            PermanentError: the call was refused, or its answer is not what AWS documents.
        """
        # Imported only where the service is used: it costs more than all the rest of a start.
        from botocore.exceptions import BotoCoreError, ClientError

        curto = cut_bytes(texto, MAX_BYTES)
        if not curto.strip():
            return _answer("neutro", 0)
        try:
            client = _client(self.region, self.endpoint, tempo_limite_s)
            answer = client.detect_sentiment(Text=curto, LanguageCode="pt")
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            if code in _TRANSIENT or status >= 500:
                raise TransientError(f"Comprehend: {code or status}") from error
            raise PermanentError(f"Comprehend: {code or status}") from error
        except BotoCoreError as error:
            raise TransientError(f"Comprehend: {type(error).__name__}") from error
        return mapped(answer)


def mapped(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Our class and intensity (0 to 100) of an answer of the service.

    Mixed feelings count as the stronger of the two, and as neutral where neither is.

    Raises:
        PermanentError: the answer is not what AWS documents.
    """
    try:
        scores = {name: float(answer["SentimentScore"][name]) for name in ("Positive", "Negative")}
        told = str(answer["Sentiment"])
    except (KeyError, TypeError, ValueError) as error:
        raise PermanentError("Comprehend: resposta desconhecida") from error
    apart = scores["Positive"] - scores["Negative"]
    if told == "MIXED":
        classe = "positivo" if apart > 0 else "negativo" if apart < 0 else "neutro"
    elif told in _CLASSES:
        classe = _CLASSES[told]
    else:
        raise PermanentError("Comprehend: resposta desconhecida")
    return _answer(classe, max(0, min(100, round(100 * abs(apart)))))


def cut_bytes(texto: str, most: int) -> str:
    """The longest beginning of a text with at most so many bytes of UTF-8, in whole characters."""
    return texto.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _answer(classe: str, intensidade: int) -> dict[str, Any]:
    return {
        "sentimento": classe,
        "intensidade": intensidade,
        "intent": None,
        "descadastro": None,
        "conhece_irritado": False,
        "modelo": "comprehend",
        "tokens_entrada": 0,
        "tokens_saida": 0,
        "sandbox": False,
    }


@lru_cache(maxsize=8)
def _client(region: str, endpoint: str | None, tempo_limite_s: float) -> ComprehendClient:
    """A client is safe between threads; making one is not, hence the session of its own."""
    import boto3
    from botocore.config import Config

    found = boto3.session.Session().client(
        "comprehend",
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=tempo_limite_s,
            read_timeout=tempo_limite_s,
            retries={"total_max_attempts": 1},
        ),
    )
    return cast(ComprehendClient, found)
