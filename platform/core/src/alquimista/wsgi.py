"""The app for a WSGI server: settings from the environment, the database from ``DATABASE_URL``."""

from __future__ import annotations

from flask import Flask

from alquimista.app import create_app
from alquimista.bootstrap import build
from alquimista.settings import from_environment


def application() -> Flask:
    """Make the app; servers call it as a factory (``alquimista.wsgi:application``)."""
    return create_app(build(from_environment()).services)
