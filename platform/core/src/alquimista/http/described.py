"""The manual is made when somebody first asks for it.

Describing every operation takes more than half of an app's start, which a cold function, a command
and a test pay for without ever showing the manual.
"""

from __future__ import annotations

import threading
from typing import Any

from flask import Response
from flask_smorest import Api, Blueprint


class DescribedWhenAsked(Api):
    """flask-smorest's API; blueprints answer at once and are described at the first look."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._undescribed: list[Blueprint] = []
        self._describing = threading.Lock()
        super().__init__(*args, **options)

    def register_blueprint(self, blueprint: Blueprint) -> None:
        """Add a blueprint's routes to the app."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._undescribed.append(blueprint)

    def _openapi_json(self) -> Response:
        with self._describing:
            while self._undescribed:
                blueprint = self._undescribed[0]
                blueprint.register_views_in_doc(
                    self, self._app, self.spec, name=blueprint.name, parameters=None
                )
                self.spec.tag({"name": blueprint.name, "description": blueprint.description})
                self._undescribed.pop(0)
        answer: Response = super()._openapi_json()
        return answer
