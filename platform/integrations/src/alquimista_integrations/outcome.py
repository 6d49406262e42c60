"""Calls whose outcome nobody knows: they may have had their effect."""

from __future__ import annotations

from alquimista_sdk.errors import TransientError


class OutcomeUnknown(TransientError):
    """The service may have acted: the answer was lost after the request had been handed over.

    Reads and idempotent calls may be repeated; a message must be reconciled with the provider
    first, or be left for a person to look at.
    """

    code = "resultado_desconhecido"
    outcome_unknown = True
