"""The models are data: frozen, without defaults that two of them share."""

from __future__ import annotations

import dataclasses
from uuid import uuid4

import pytest

from alquimista_sdk import models
from alquimista_sdk.models import Lead, Mensagem, Mensagens, TenantFacts

CLASSES = [item for item in vars(models).values() if dataclasses.is_dataclass(item)]


@pytest.mark.parametrize("model", CLASSES, ids=lambda model: model.__name__)
def test_every_model_is_frozen_and_has_slots(model: type) -> None:
    assert vars(model)["__dataclass_params__"].frozen
    assert "__slots__" in vars(model)


def test_a_model_cannot_be_changed() -> None:
    lead = Lead(uuid4(), "Padaria Sol", "novo")
    with pytest.raises(dataclasses.FrozenInstanceError):
        vars(Lead)["__setattr__"](lead, "status", "convertido")
    assert Lead(uuid4(), "Outra", "novo").metadata is not lead.metadata


def test_messages_are_found_by_their_stage() -> None:
    mensagens = Mensagens((Mensagem("t"),), (Mensagem("m"),), (Mensagem("f"),))
    assert [mensagens.da_etapa(etapa)[0].texto for etapa in models.ETAPAS] == ["t", "m", "f"]


def test_a_tenant_starts_in_production_with_no_window_of_its_own() -> None:
    tenant = TenantFacts(uuid4(), "Aurora")
    assert (tenant.sandbox, tenant.disponibilidade) == (False, ())
    assert tenant.fuso_horario == "America/Sao_Paulo"
