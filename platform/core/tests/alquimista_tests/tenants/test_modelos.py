"""Templates of WhatsApp among a tenant's settings, and which of them carries a message."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.tenants.domain import ConfiguracaoInvalida, Configuracoes
from alquimista.plataforma.tenants.modelos import ETAPAS, PARAMETROS, ModeloWhatsApp
from alquimista.prospeccao.disparos.modelos import escolher, impedimento, preencher

CAMPANHA, OUTRA = uuid4(), uuid4()
MODELOS = st.builds(
    ModeloWhatsApp,
    nome=st.from_regex(r"[a-z0-9_]{1,30}", fullmatch=True),
    idioma=st.sampled_from(["pt_BR", "en", "es_AR"]),
    parametros=st.lists(st.sampled_from(PARAMETROS), max_size=5).map(tuple),
    etapa=st.none() | st.sampled_from(ETAPAS),
    campanha_id=st.sampled_from([None, CAMPANHA, OUTRA]),
)
LISTAS = st.lists(MODELOS, max_size=6, unique_by=lambda m: (m.campanha_id, m.etapa))


@given(LISTAS)
def test_templates_are_read_as_they_were_written(modelos: list[ModeloWhatsApp]) -> None:
    settings = Configuracoes(modelos_whatsapp=tuple(modelos))
    assert Configuracoes.from_json(settings.to_json()) == settings
    assert Configuracoes.from_column(settings.to_json()) == settings


@given(LISTAS, st.sampled_from([None, CAMPANHA]), st.sampled_from(ETAPAS))
def test_a_chosen_template_fits_and_none_that_fits_is_narrower(
    modelos: list[ModeloWhatsApp], campanha: UUID | None, etapa: str
) -> None:
    def narrow(modelo: ModeloWhatsApp) -> tuple[bool, bool]:
        return modelo.campanha_id is not None, modelo.etapa is not None

    tipo = "resposta" if etapa == "resposta" else "prospeccao"
    chosen = escolher(modelos, campanha, etapa, tipo)
    fitting = [m for m in modelos if m.campanha_id in (None, campanha) and m.etapa in (None, etapa)]
    assert (chosen is None) == (not fitting)
    if chosen is not None:
        assert chosen in fitting
        assert narrow(chosen) == max(map(narrow, fitting))


@given(MODELOS, st.dictionaries(st.sampled_from(PARAMETROS), st.text()))
def test_what_is_not_refused_has_full_parameters_on_one_line_each(
    modelo: ModeloWhatsApp, valores: dict[str, str]
) -> None:
    parametros = preencher(modelo, valores).parametros
    assert all(" ".join(text.split()) == text for text in parametros)
    refused = impedimento(modelo, valores)
    assert (refused is None) == all(0 < len(text) <= 1024 for text in parametros)


@pytest.mark.parametrize(
    ("modelos", "campo"),
    [
        ("x", "modelos_whatsapp"),
        (["x"], "modelos_whatsapp"),
        ([{}], "modelos_whatsapp.nome"),
        ([{"nome": "Com Maiúscula"}], "modelos_whatsapp.nome"),
        ([{"nome": "a", "idioma": "português"}], "modelos_whatsapp.idioma"),
        ([{"nome": "a", "parametros": ["cpf"]}], "modelos_whatsapp.parametros"),
        ([{"nome": "a", "parametros": "mensagem"}], "modelos_whatsapp.parametros"),
        ([{"nome": "a", "etapa": "fim"}], "modelos_whatsapp.etapa"),
        ([{"nome": "a", "campanha_id": "1"}], "modelos_whatsapp.campanha_id"),
        ([{"nome": "a", "cor": "azul"}], "modelos_whatsapp.cor"),
        ([{"nome": "a"}, {"nome": "b"}], "modelos_whatsapp"),
        ([{"nome": "a", "etapa": None}] * 51, "modelos_whatsapp"),
    ],
)
def test_a_wrong_template_is_refused_with_its_field(modelos: Any, campo: str) -> None:
    with pytest.raises(ConfiguracaoInvalida) as refused:
        Configuracoes.from_json({"modelos_whatsapp": modelos})
    assert refused.value.campo == campo
