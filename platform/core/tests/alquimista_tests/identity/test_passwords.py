"""Passwords: the policy, the hash, and equal work where there is nobody."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.identity import passwords
from alquimista.plataforma.identity.errors import SenhaFraca
from alquimista.plataforma.identity.passwords import (
    hash_password,
    policy_faults,
    verify_password,
)

BOA = "Segredo123"


def test_a_password_opens_its_own_hash_and_no_other_does() -> None:
    hashed = hash_password(BOA)
    assert hashed.startswith("$argon2id$")
    assert verify_password(hashed, BOA)
    assert not verify_password(hashed, BOA.lower())


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password(BOA) != hash_password(BOA)


def test_nobody_has_a_password_not_even_the_dummy_hash_s_own() -> None:
    assert not verify_password(None, "nobody has this password")
    assert not verify_password(None, BOA)


def test_a_broken_hash_opens_nothing() -> None:
    assert not verify_password("no hash at all", BOA)


def test_the_same_work_is_done_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """One argon2 verification with the same cost, whoever is asked for."""
    verified: list[str] = []
    real = passwords._HASHER

    class Counting:
        """The hasher, counted."""

        hash = staticmethod(real.hash)

        @staticmethod
        def verify(hashed: str, senha: str) -> bool:
            verified.append(hashed.rpartition("$")[0].rpartition("$")[0])
            return real.verify(hashed, senha)

    hashed = hash_password(BOA)
    monkeypatch.setattr(passwords, "_HASHER", Counting)
    for known in (hashed, None):
        verify_password(known, "Errada123")
    assert len(verified) == 2
    assert verified[0] == verified[1]


@pytest.mark.parametrize(
    ("senha", "falta"),
    [
        ("Abc123", "pelo menos 8 caracteres"),
        ("abcdefg1", "uma letra maiúscula"),
        ("ABCDEFG1", "uma letra minúscula"),
        ("Abcdefgh", "um número"),
        ("Aa1" + "x" * 254, "no máximo 256 caracteres"),
    ],
)
def test_each_rule_of_the_policy_is_told(senha: str, falta: str) -> None:
    assert policy_faults(senha) == (falta,)
    with pytest.raises(SenhaFraca, match=falta):
        hash_password(senha)


def test_several_faults_make_one_sentence() -> None:
    with pytest.raises(SenhaFraca) as caught:
        hash_password("abc")
    assert str(caught.value) == (
        "A senha precisa ter pelo menos 8 caracteres, uma letra maiúscula e um número."
    )


@given(st.text(max_size=40))
def test_a_password_without_faults_has_all_that_is_asked(senha: str) -> None:
    if not policy_faults(senha):
        assert len(senha) >= 8
        assert any(unicodedata.category(c) in ("Lu", "Lt") or c.isupper() for c in senha)
        assert any(unicodedata.category(c) == "Ll" or c.islower() for c in senha)
        assert any(c.isdigit() for c in senha)
