"""Settings of hypothesis for every distribution: a loaded machine must not fail a law."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("alquimista", deadline=None)
settings.load_profile("alquimista")
