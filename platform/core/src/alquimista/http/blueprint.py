"""The blueprint of every endpoint, so that none reads or documents its input otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import flask_smorest
import marshmallow as ma
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from alquimista.http import manual
from alquimista.http.auth import PERMISSION, PUBLIC
from alquimista.http.bodies import read_json, request_bytes, require_storable
from alquimista.http.faults import translated
from alquimista.http.versions import IF_MATCH


class Parser(FlaskParser):
    """webargs' parser with our reading of JSON and our words."""

    def _raw_load_json(self, req: Request) -> Any:
        if not is_json_request(req):
            return missing
        return read_json(request_bytes(req))

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query, where its text can be stored."""
        require_storable([*req.args.values()])
        return super().load_querystring(req, schema)

    def load_form(self, req: Request, schema: ma.Schema) -> Any:
        """The form, where its text can be stored."""
        require_storable([*req.form.values()])
        return super().load_form(req, schema)

    def load_files(self, req: Request, schema: ma.Schema) -> Any:
        """The files, where their names can be stored."""
        require_storable([file.filename for file in req.files.values()])
        return super().load_files(req, schema)

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Tell each field's fault in pt-BR."""
        told = ma.ValidationError(translated(error.messages))
        super().handle_error(
            told,
            req,
            schema,
            error_status_code=error_status_code,
            error_headers=error_headers,
        )


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's blueprint with our parser; the manual tells which operations are public."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(_complete)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, **options: Any
    ) -> None:
        """Add a rule; the manual tells its permission, or that it asks for no credential."""
        if hasattr(view_func, PUBLIC):
            view_func = self.doc(security=[])(view_func)
        elif hasattr(view_func, PERMISSION):
            permission = getattr(view_func, PERMISSION)
            view_func = self.doc(**{manual.PERMISSAO: permission})(view_func)
        if hasattr(view_func, IF_MATCH):
            view_func = self.doc(**{manual.CONFERE: True})(view_func)
        super().add_url_rule(rule, endpoint, view_func, **options)


def _complete(doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    return manual.complete(doc, doc_info, kwargs["method"])
