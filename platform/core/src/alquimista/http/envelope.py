"""What every answer carries and what no request may: CORS, security headers, gzip, encodings."""

from __future__ import annotations

import gzip
from http import HTTPStatus

from flask import Flask, Response, request

from alquimista.settings import Settings
from alquimista_sdk.errors import PermanentError

_METHODS = "GET, POST, PUT, PATCH, DELETE"
_ASKED = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Tenant, X-Trace-Id"
)
_SHOWN = (
    "ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Idempotency-Replayed, X-Trace-Id"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_MANUAL_POLICY = _PAGE_POLICY + "; script-src 'self' 'unsafe-inline'"
_COMPRESSED = ("application/json", "text/", "application/javascript", "image/svg+xml")
_SMALL = 860
_LARGE = 20_000_000


class CodificacaoNaoAceita(PermanentError):
    """A compressed request body: it could unfold into anything."""

    code = "codificacao_nao_aceita"
    http_status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def register(app: Flask, settings: Settings) -> None:
    """Put it around every request of the app."""
    origins = frozenset(settings.origens)
    https = settings.url_publica.startswith("https://")

    def open_request() -> Response | None:
        if request.headers.get("Content-Encoding", "identity").strip().lower() not in (
            "",
            "identity",
        ):
            raise CodificacaoNaoAceita("Envie o corpo sem compressão.")
        asked = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and asked:
            return Response(status=HTTPStatus.NO_CONTENT)
        return None

    def close_request(response: Response) -> Response:
        _secure(response, https)
        _share(response, origins)
        return _compress(response)

    app.before_request(open_request)
    app.after_request(close_request)


def _secure(response: Response, https: bool) -> None:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    policy = _DATA_POLICY
    if response.mimetype == "text/html":
        policy = _MANUAL_POLICY if request.path == "/api/docs" else _PAGE_POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    if https:
        response.headers.setdefault(
            "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
        )


def _share(response: Response, origins: frozenset[str]) -> None:
    """CORS (Fetch standard) for the origins of the settings, compared letter by letter."""
    if not origins:
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _SHOWN
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _ASKED
        response.headers["Access-Control-Max-Age"] = "600"


def _compress(response: Response) -> Response:
    if not (response.mimetype or "").startswith(_COMPRESSED):
        return response
    response.vary.add("Accept-Encoding")
    length = response.content_length
    if (
        request.accept_encodings["gzip"] <= 0
        or response.is_streamed
        or response.direct_passthrough
        or response.status_code not in (200, 201, 202)
        or "Content-Encoding" in response.headers
        or not _SMALL <= (length or 0) <= _LARGE
    ):
        return response
    response.set_data(gzip.compress(response.get_data(), compresslevel=5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    tag, _ = response.get_etag()
    if tag is not None:
        response.set_etag(f"{tag}-gz")
    return response
