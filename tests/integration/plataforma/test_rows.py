"""One row changed by its key, with a version that guards it."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import insert, select

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.prospeccao.campanhas.models import Template
from tests.integration.conftest import Way

TEMPLATES = table_of(Template)


def test_a_change_counts_the_version_up_and_an_old_version_changes_nothing(way: Way) -> None:
    template_id = uuid4()
    with way.uow() as uow:
        uow.connection.execute(
            insert(TEMPLATES).values(
                id=template_id,
                tenant_id=uow.tenant_id,
                nome="antes",
                canal="email",
                etapa="topo",
                variante="a",
                texto="Olá",
                created_at=uow.agora,
            )
        )
        assert set_columns(uow, TEMPLATES, template_id, {"nome": "depois"}, versao=1) == 1
        assert set_columns(uow, TEMPLATES, template_id, {"nome": "tarde demais"}, versao=1) == 0
        assert set_columns(uow, TEMPLATES, template_id, {"texto": "Bom dia"}) == 1
        assert set_columns(uow, TEMPLATES, uuid4(), {"texto": "?"}) == 0
        row = uow.connection.execute(select(TEMPLATES).where(TEMPLATES.c.id == template_id)).one()
    assert (row.nome, row.texto, row.versao) == ("depois", "Bom dia", 3)
