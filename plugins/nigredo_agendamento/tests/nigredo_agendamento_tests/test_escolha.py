"""How answers to an offer are read: many forms, and traps."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nigredo_agendamento.escolha import (
    AMBIGUA,
    DESISTIU,
    INDICE,
    NENHUMA,
    OUTRO_PEDIDO,
    Escolha,
    interpretar,
)
from nigredo_agendamento.expressoes import ler
from nigredo_agendamento.mencoes import Data, Faixa, Hora, Opcao
from nigredo_agendamento_tests.mesa import AGORA, FUSO, ZONA, horario

# Today is Tuesday, 24/11. Offered: Wednesday 25/11 10h, Thursday 26/11 14h, Tuesday 01/12 9h.
OFERTA = (horario(1, 11, 25, 10), horario(2, 11, 26, 14), horario(3, 12, 1, 9))
_SIGLAS = {OUTRO_PEDIDO: "O", NENHUMA: "N", DESISTIU: "D"}
# 1, 2, 3: chosen. A13: unclear, between these. O: another time asked. N: none suits. D: gave up.
RESPOSTAS = [
    ("2", "2"),
    ("o segundo", "2"),
    ("opção 2", "2"),
    ("pode ser a dois", "2"),
    ("a última", "3"),
    ("Terça", "3"),
    ("quarta", "1"),
    ("amanhã", "1"),
    ("dia 26", "2"),
    ("26/11", "2"),
    ("10h", "1"),
    ("às 10", "1"),
    ("10:00", "1"),
    ("dez horas", "1"),
    ("de manhã", "A13"),
    ("à tarde", "2"),
    ("não, nenhum desses", "N"),
    ("2 não dá, pode ser o 3?", "3"),
    ("prefiro depois das 15h", "O"),
    ("semana que vem", "A3"),
    ("não quero marcar", "D"),
    ("Bom dia! Pode ser a 1", "1"),
    ("Boa tarde, a primeira por favor", "1"),
    ("boa tarde", "A123"),
    ("sim", "A123"),
    ("pode ser", "A123"),
    ("a segunda", "2"),
    ("a segunda opção", "2"),
    ("segunda-feira", "O"),
    ("na segunda", "O"),
    ("Segunda às 10h", "O"),
    ("quinta às 14h", "2"),
    ("quinta à tarde", "2"),
    ("quinta de manhã", "O"),
    ("quinta 15h", "O"),
    ("Fico com a 3", "3"),
    ("3)", "3"),
    ("nº 3", "3"),
    ("1 ou 2", "A12"),
    ("1 ou 2, tanto faz", "1"),
    ("qualquer um", "1"),
    ("tanto faz, você escolhe", "1"),
    ("A 1 não dá e a 2 também não", "A3"),
    ("só não posso na quarta", "A23"),
    ("qualquer um menos a 2", "1"),
    ("não consigo em nenhum", "N"),
    ("não posso nesses dias", "N"),
    ("tem outro horário?", "N"),
    ("Outro dia seria melhor", "N"),
    ("dia 25 às 10h", "1"),
    ("25 de novembro", "1"),
    ("quarta-feira, 25/11, às 10h", "1"),
    ("amanhã às 10 está ótimo", "1"),
    ("amanhã às 11", "O"),
    ("depois de amanhã", "2"),
    ("hoje às 16h", "O"),
    ("hoje", "O"),
    ("às 2 da tarde", "2"),
    ("duas da tarde", "2"),
    ("às duas", "2"),
    ("14 horas na quinta", "2"),
    ("9 da manhã", "3"),
    ("nove horas", "3"),
    ("o das 9", "3"),
    ("o da quinta", "2"),
    ("o de quinta", "2"),
    ("a de amanhã", "1"),
    ("desisto, deixa pra lá", "D"),
    ("não tenho mais interesse", "D"),
    ("pode cancelar", "D"),
    ("prefiro não marcar", "D"),
    ("não quero marcar na quarta, pode ser quinta?", "2"),
    ("sem problema, a 2", "2"),
    ("não tem problema, pode ser a 2", "2"),
    ("por que não? a 3", "3"),
    ("meio dia de quarta", "O"),
    ("entre 14h e 16h", "A2"),
    ("antes das 10h", "A3"),
    ("depois do almoço", "A2"),
    ("final da tarde", "O"),
    ("10", "1"),
    ("14", "2"),
    ("26", "2"),
    ("17", "A123"),
    ("reunião de 1 hora? pode ser a 2", "2"),
    ("Podemos fazer 1 reunião na quinta", "2"),
    ("Terça da semana que vem às 9", "3"),
    ("quinta da semana que vem", "O"),
    ("dia 30", "O"),
    ("03/12", "O"),
    ("dia 3 de dezembro à tarde", "O"),
    ("qui 14h", "2"),
    ("ter 9h", "3"),
    ("opcao b", "2"),
    ("👍", "A123"),
    ("não", "N"),
    ("nao", "N"),
    ("ok", "A123"),
    ("Quero a três", "3"),
    ("a 2, por favor", "2"),
    ("Pode marcar na 2!", "2"),
    ("o do meio", "2"),
    ("quarta ou quinta", "A12"),
    ("a 4", "A123"),
    ("qual o valor?", "A123"),
    ("dez e meia de quarta", "O"),
    ("10h30", "O"),
    ("às 10h da quarta-feira", "1"),
    ("Olá! tudo bem? Consigo sim, quarta 10h. Obrigado!", "1"),
    ("nenhum desses, prefiro quinta às 16h", "O"),
    ("quinta não, prefiro a primeira", "1"),
    ("A 3 em vez da 1", "3"),
    ("não é a 2, é a 3", "3"),
    ("melhor não", "D"),
    ("agora não", "N"),
    ("Tenho compromisso na quarta, quinta consigo", "2"),
    ("quarta estou ocupado", "A23"),
    ("o último", "3"),
    ("à noite", "O"),
    ("sábado", "O"),
    ("mês que vem", "A3"),
    ("dia 2", "O"),
    ("Dia 1/12", "3"),
    ("às 9h30", "O"),
    ("essa semana", "A12"),
    ("esqueça", "D"),
    ("já tenho compromisso nesses horários", "N"),
    ("mais tarde", "A123"),
    ("a 2 às 14h", "2"),
    ("a 2 às 15h", "A2"),
    ("2 de dezembro", "O"),
    ("lá pelas 14h", "2"),
    ("por volta das 9", "3"),
    ("um", "1"),
    ("dois", "2"),
    ("três", "3"),
    ("a um", "1"),
    ("dia vinte e seis", "2"),
    ("quinta-feira que vem", "2"),
    ("pela manhã na quarta", "1"),
    ("eu quero a 2 e não a 1", "2"),
    ("cancela a 1 e marca a 2", "2"),
    ("não sei se consigo quinta", "A2"),
    ("dia 25 ou 26", "A12"),
    ("não, obrigado", "D"),
    ("final de semana", "O"),
    ("Quarta é feriado aqui, pode quinta?", "2"),
    ("a 2ª", "2"),
    ("2️⃣", "2"),
    ("agora não posso, semana que vem talvez", "A3"),
    ("vou viajar", "N"),
    ("infelizmente não consigo em nenhum desses horários, teria algo na sexta de manhã?", "O"),
    ("nesses dias estou viajando, só volto dia 7/12", "O"),
    ("Pode ser na quarta, mas só depois das 11h", "O"),
    ("quarta 25 às 10h", "1"),
    ("Meu número é 11 98765-4321", "A123"),
    ("amanhã não dá", "A23"),
    ("nem a 1 nem a 2", "A3"),
    ("preciso de 30 min só, quinta?", "2"),
    ("às 10 não posso", "A23"),
    ("quarta-feira da semana que vem", "O"),
    ("Quanto custa a consultoria?", "A123"),
    ("Dia 1º de dezembro", "3"),
    ("A partir de quinta", "A23"),
    ("a partir do dia 27", "A3"),
    ("Depois do dia 10", "O"),
    ("depois de quinta", "A3"),
    ("até quinta", "A12"),
    ("antes do dia 26", "A1"),
    ("Só consigo em janeiro", "O"),
    ("Não consigo dia 25 nem 26", "A3"),
    ("Qualquer um serve, menos quarta", "2"),
    ("Fico com a de terça. Abs, João Segundo", "A2"),
    ("Por mim pode ser a de quinta mesmo", "2"),
    ("1º", "1"),
]


def _sigla(escolha: Escolha) -> str:
    if escolha.tipo == INDICE:
        assert escolha.horario is not None
        return str(escolha.horario.numero)
    if escolha.tipo == AMBIGUA:
        return "A" + "".join(str(candidato.numero) for candidato in escolha.candidatos)
    return _SIGLAS[escolha.tipo]


@pytest.mark.parametrize(("texto", "esperado"), RESPOSTAS)
def test_an_answer_is_read_as_people_mean_it(texto: str, esperado: str) -> None:
    assert _sigla(interpretar(texto, OFERTA, AGORA, FUSO)) == esperado


@pytest.mark.parametrize("texto", ["sim", "pode ser", "ok!", "isso", "Perfeito", "👍", "claro"])
def test_a_plain_yes_chooses_where_only_one_slot_is_offered(texto: str) -> None:
    assert _sigla(interpretar(texto, OFERTA[1:2], AGORA, FUSO)) == "2"


@pytest.mark.parametrize("texto", ["não", "não posso", "esse não dá", "outro horário"])
def test_a_plain_no_to_one_slot_refuses_it(texto: str) -> None:
    assert _sigla(interpretar(texto, OFERTA[1:2], AGORA, FUSO)) == "N"


@pytest.mark.parametrize("texto", ["a segunda", "pode ser a segunda"])
def test_segunda_is_unclear_where_a_monday_is_offered_too(texto: str) -> None:
    oferta = (horario(1, 11, 30, 10), horario(2, 12, 1, 14), horario(3, 12, 2, 9))
    assert _sigla(interpretar(texto, oferta, AGORA, FUSO)) == "A12"


@pytest.mark.parametrize("texto", ["segunda-feira", "na segunda", "segunda às 10"])
def test_segunda_is_monday_where_it_is_said_as_a_day(texto: str) -> None:
    oferta = (horario(1, 12, 1, 10), horario(2, 12, 2, 14), horario(3, 11, 30, 10))
    assert _sigla(interpretar(texto, oferta, AGORA, FUSO)) == "3"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RESPOSTAS), st.sampled_from([str.upper, str.lower, str.title]))
def test_case_does_not_change_the_reading(caso: tuple[str, str], forma: object) -> None:
    texto, esperado = caso
    assert callable(forma)
    assert _sigla(interpretar(forma(texto), OFERTA, AGORA, FUSO)) == esperado


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RESPOSTAS), st.text(" \t", max_size=3), st.text(" \n", max_size=3))
def test_space_around_does_not_change_the_reading(
    caso: tuple[str, str], antes: str, depois: str
) -> None:
    texto, esperado = caso
    assert _sigla(interpretar(antes + texto + depois, OFERTA, AGORA, FUSO)) == esperado


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_and_only_an_offered_slot_is_chosen(texto: str) -> None:
    escolha = interpretar(texto, OFERTA, AGORA, FUSO)
    assert (escolha.tipo == INDICE) == (escolha.horario is not None)
    assert escolha.horario is None or escolha.horario in OFERTA


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 3), st.sampled_from(["opção {}", "a {}", "quero a {}", "{}", "nº {}", "{})"]))
def test_naming_the_number_chooses_the_number(numero: int, forma: str) -> None:
    assert _sigla(interpretar(forma.format(numero), OFERTA, AGORA, FUSO)) == str(numero)


@pytest.mark.parametrize(
    ("texto", "esperado"),
    [
        ("dia 3", [Data(date(2026, 12, 3))]),
        ("dia 30", [Data(date(2026, 11, 30))]),
        ("5/1", [Data(date(2027, 1, 5))]),
        ("05/01/2027", [Data(date(2027, 1, 5))]),
        ("5/1/27", [Data(date(2027, 1, 5))]),
        ("dia trinta e um", [Data(date(2026, 12, 31))]),
        ("dia 32", []),
        ("31/02", []),
        ("29/02", []),
        ("10 de dezembro", [Data(date(2026, 12, 10))]),
        ("às 3 da manhã", [Hora(3)]),
        ("às 3", [Hora(15)]),
        ("dez e meia", [Hora(10, 30)]),
        ("15h45", [Hora(15, 45)]),
        ("a terceira", [Opcao(3)]),
        ("10/2026/99", []),
    ],
)
def test_days_and_hours_are_read(texto: str, esperado: list[object]) -> None:
    assert list(ler(texto, date(2026, 11, 24)).positivas) == esperado


def test_a_condition_has_limits() -> None:
    (faixa,) = ler("entre 14h e 16h30", date(2026, 11, 24)).positivas
    assert isinstance(faixa, Faixa)
    assert (str(faixa.desde), str(faixa.ate)) == ("14:00:00", "16:30:00")


def test_what_the_lead_refuses_stays_with_what_it_asks_for() -> None:
    escolha = interpretar("quinta não, prefiro sexta à tarde", OFERTA, AGORA, FUSO)
    assert escolha.tipo == OUTRO_PEDIDO
    assert escolha.pedido.aceita(horario(1, 11, 27, 15).inicio.astimezone(ZONA))
    assert not escolha.pedido.aceita(horario(1, 11, 26, 15).inicio.astimezone(ZONA))
    assert len(escolha.pedido.recusadas) == 1
