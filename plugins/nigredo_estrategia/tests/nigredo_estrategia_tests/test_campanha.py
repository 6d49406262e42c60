"""A lot becomes a campaign."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import Lote, Ritmo, Template
from nigredo_estrategia.campanha import Material, canal_do_lote, planejar
from nigredo_estrategia.ritmo import ritmo_do_lote
from nigredo_estrategia_tests.exemplos import (
    ESPACO,
    LOTE,
    TENANT,
    lead,
    template,
    todas_as_etapas,
)

CELULAR = "+5511987654321"


def material(*, whatsapp: tuple[Template, ...] = (), **config: Any) -> Material:
    return Material(email=(), whatsapp=whatsapp, apresentacao=None, config=config)


def test_the_campaign_of_a_lot_is_by_email_with_three_stages_and_previews() -> None:
    plano = planejar(ESPACO, LOTE, [lead(n) for n in range(4)], material(), TENANT)
    campanha = plano.campanha
    assert (campanha.id, campanha.lote_id, campanha.canal) == (ESPACO, LOTE.id, "email")
    assert campanha.nome == "Prospecção · Indústria · ME · Sudeste"
    assert campanha.segmento == "Indústria · ME"
    assert len(campanha.previas) == 3
    assert plano.resumo.startswith(
        "Prospecção · Indústria · ME · Sudeste: 4 de 4 leads têm e-mail (prioridade A)."
    )
    assert "2 dias úteis, das 08:30 às 16:30, até 100 por hora" in plano.resumo


def test_the_same_lot_gives_the_same_campaign() -> None:
    leads = [lead(n) for n in range(4)]
    assert planejar(ESPACO, LOTE, leads, material(), TENANT) == planejar(
        ESPACO, LOTE, leads, material(), TENANT
    )


def test_leads_who_are_out_are_neither_counted_nor_previewed() -> None:
    leads = [lead(0, status="descadastrado"), lead(1, pausado=True), lead(2), lead(3, email=None)]
    plano = planejar(ESPACO, LOTE, leads, material(), TENANT)
    assert "1 de 4 leads têm e-mail" in plano.resumo
    assert len(plano.campanha.previas) == 1
    assert "Nova Metais 2" in plano.campanha.previas[0]


def test_a_refused_template_is_named_to_the_approver() -> None:
    feito = Material([template("topo", "A", "{preco}", nome="Oferta")], (), None, {})
    assert "“Oferta”" in planejar(ESPACO, LOTE, [lead(1)], feito, TENANT).resumo


def test_whatsapp_needs_permission_approved_templates_and_a_longer_reach() -> None:
    so_celular = [lead(n, email=None, telefone=CELULAR) for n in range(3)]
    prontos = todas_as_etapas("whatsapp")
    assert canal_do_lote(so_celular, material(whatsapp=prontos)) == "email"
    permitido = material(whatsapp=prontos, whatsapp_permitido=True)
    assert canal_do_lote(so_celular, permitido) == "whatsapp"
    assert canal_do_lote([lead(1, telefone=CELULAR)], permitido) == "email"
    assert canal_do_lote([lead(1, email=None, telefone="+551133334444")], permitido) == "email"
    assert canal_do_lote(so_celular, material(whatsapp=prontos[1:], whatsapp_permitido=True)) == (
        "email"
    )


def test_a_whatsapp_campaign_takes_the_approved_texts() -> None:
    so_celular = [lead(n, email=None, telefone=CELULAR) for n in range(3)]
    feito = material(whatsapp=todas_as_etapas("whatsapp"), whatsapp_permitido=True)
    campanha = planejar(ESPACO, LOTE, so_celular, feito, TENANT).campanha
    assert campanha.canal == "whatsapp"
    assert campanha.mensagens.topo[0].texto == "Olá, {empresa} (topo A)"


def lote(setor: str | None, prioridade: str = "A") -> Lote:
    return Lote(ESPACO, "L", "S", prioridade, 1, setor=setor)


@pytest.mark.parametrize(
    ("setor", "inicio", "fim"),
    [
        ("Indústria", time(8, 30), time(16, 30)),
        ("Comércio varejista", time(9, 30), time(17)),
        ("Saúde", time(10), time(16, 30)),
        ("Tecnologia", time(9), time(17, 30)),
        (None, time(9), time(17, 30)),
    ],
)
def test_the_hours_follow_the_trade(setor: str | None, inicio: time, fim: time) -> None:
    ritmo = ritmo_do_lote(lote(setor), {})
    assert (ritmo.hora_inicio, ritmo.hora_fim) == (inicio, fim)


def test_the_days_between_stages_follow_the_priority_unless_configured() -> None:
    assert ritmo_do_lote(lote(None, "C"), {"dias_entre_etapas": 0}).dias_entre_etapas == 3
    assert ritmo_do_lote(lote(None, "C"), {"dias_entre_etapas": 5}).dias_entre_etapas == 5


def test_the_tenants_hours_go_first_but_never_leave_the_business_day() -> None:
    config = {"hora_inicio": "06:00", "hora_fim": "22:00", "por_hora": 20}
    assert ritmo_do_lote(lote("Saúde"), config) == Ritmo(time(8), time(18), 2, 20)
    assert ritmo_do_lote(lote(None), {"hora_inicio": "", "por_hora": 900}).por_hora == 100


def test_hours_that_leave_no_time_are_refused() -> None:
    with pytest.raises(PermanentError) as caught:
        ritmo_do_lote(lote(None), {"hora_inicio": "17:00", "hora_fim": "09:00"})
    assert caught.value.code == "janela_vazia"
