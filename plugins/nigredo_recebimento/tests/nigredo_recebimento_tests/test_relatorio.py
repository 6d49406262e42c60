"""The report of nonconformities."""

from __future__ import annotations

from alquimista_sdk.models import LeadHigienizado, Rejeito
from nigredo_recebimento.relatorio import Inconformidades


def rejeitos(**quantos: int) -> list[Rejeito]:
    return [Rejeito("L", 1, None, classe, "m.") for classe, n in quantos.items() for _ in range(n)]


def test_the_counts_are_by_class_and_by_warning() -> None:
    contas = Inconformidades()
    contas.aceitar([LeadHigienizado("F", "L", 2, avisos=("incomplete_contact",)), None])
    contas.rejeitar(rejeitos(duplicate=2, no_channel=1))
    contas.rejeitar(rejeitos(suppressed=1))
    assert contas.metadata() == {
        "inconformidades": {"duplicate": 2, "no_channel": 1, "suppressed": 1},
        "avisos": {"incomplete_contact": 1},
    }
    assert (contas.aceitos, contas.rejeitados) == (1, 4)
    assert contas.resumo() == (
        "1 lead aceito, 4 linhas rejeitadas: 2 repetidas, 1 sem canal válido, "
        "1 de quem pediu para não ser contatado."
    )


def test_a_clean_file_says_so() -> None:
    contas = Inconformidades(aceitos=1234)
    assert contas.resumo() == "1.234 leads aceitos, nenhuma linha rejeitada."
