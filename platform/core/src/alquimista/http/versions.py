"""ETag and If-Match: a change is refused where the resource is no longer what was read.

A tag is ``"<versao>.<digest of the body>"``: byte-exact for caches (RFC 9110, 8.8.3), while a
change compares the version alone. ``If-Match`` is optional; with it a lost update is impossible.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response, g, request

from alquimista_sdk.errors import PermanentError

_TAG = re.compile(r'(?:W/)?"(\d+)(?:\.[0-9a-f]+)?(?:-gz)?"')
_MAX_TAGGED = 2_000_000
IF_MATCH = "takes_if_match"
View = TypeVar("View", bound=Callable[..., Any])
_CHANGED = "O recurso mudou desde que você o leu; leia de novo antes de mudar."


class VersaoMudou(PermanentError):
    """The resource changed since it was read. Read it again, then change it."""

    code = "versao_mudou"
    http_status = HTTPStatus.PRECONDITION_FAILED


def takes_if_match(view: View) -> View:
    """Mark a view of POST or DELETE that holds ``If-Match``, for the manual; PATCH always does."""
    setattr(view, IF_MATCH, True)
    return view


def match(versao: int) -> None:
    """Hold ``If-Match``, where it was sent, against the version of the locked row.

    Raises:
        VersaoMudou: none of its tags is of this version.
    """
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return
    if str(versao) not in _TAG.findall(sent):
        raise VersaoMudou(_CHANGED)


def same(seen: int, locked: int) -> None:
    """Hold what was read before a call outside against the locked row. Raises ``VersaoMudou``."""
    if seen != locked:
        raise VersaoMudou(_CHANGED)


def tag(versao: int) -> None:
    """Tell the version of what the response shows."""
    g.versao = versao


def send_etag(response: Response) -> Response:
    """Put the tag on a JSON answer, and answer 304 where the caller has this very body."""
    readable = request.method == "GET" and response.status_code == 200
    if not response.is_json or response.is_streamed or not (readable or "versao" in g):
        return response
    if response.status_code >= 300 or (response.content_length or 0) > _MAX_TAGGED:
        return response
    body = hashlib.sha256(response.get_data()).hexdigest()[:20]
    versao = g.get("versao")
    value = body if versao is None else f"{versao}.{body}"
    response.set_etag(value)
    if readable:
        seen = request.if_none_match
        if seen.contains_weak(value) or seen.contains_weak(f"{value}-gz"):
            response.status_code = HTTPStatus.NOT_MODIFIED
            response.set_data(b"")
    return response
