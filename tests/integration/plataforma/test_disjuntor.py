"""A real service that keeps failing is cut off for its tenant, in every process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from alquimista.db.session import Database
from alquimista.settings import Settings
from alquimista.tools.catalogue import OutsideServices, build_registry
from alquimista.tools.registry import ToolCutOff
from alquimista_sdk.errors import TransientError
from alquimista_sdk.models import TenantFacts
from fibonacci_bus.errors import cut_off
from tests.conftest import TestTenant

SETTINGS = Settings(home=Path("/nowhere"), master_key=bytes(32))
NOWHERE = OutsideServices(receita_url="http://127.0.0.1:9")
PAYLOAD = {"cnpj": "11222333000181", "empresa": "Moldes Norte", "email": None, "uf": None}


def test_after_five_failures_the_service_is_not_called_until_a_probe(
    database: Database, owner_engine: Engine, new_tenant: Callable[[str], TestTenant]
) -> None:
    naps: list[float] = []
    tenant = new_tenant("Alfa Indústria")

    def call(whose: TestTenant) -> None:
        facts = TenantFacts(id=whose.id, nome=whose.nome)
        registry = build_registry(facts, database, SETTINGS, NOWHERE, sleep=naps.append)
        registry.call("enrichment.company", PAYLOAD)

    with pytest.raises(TransientError):
        call(tenant)
    with pytest.raises(ToolCutOff, match="fora do ar") as caught:
        call(tenant)
    assert naps == [2.0, 4.0, 2.0, 4.0], "the fifth failure opened it, the sixth call was not made"
    breaker = cut_off(caught.value)
    assert breaker is not None
    assert 50 < breaker.retry_after.total_seconds() <= 60
    with owner_engine.begin() as connection:
        row = connection.execute(text("SELECT * FROM fibonacci_core.breakers")).one()
    assert (row.tenant_id, row.name, row.failures) == (tenant.id, "tools:enrichment.company", 5)
    with pytest.raises(TransientError) as alive:
        call(new_tenant("Beta Comércio"))
    assert cut_off(alive.value) is None
