"""A column by its number, from 1, and by the letters that people see."""

from __future__ import annotations


def numero_da_coluna(letras: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letras.upper():
        number = number * 26 + ord(letter) - 64
    return number


def letras_da_coluna(numero: int) -> str:
    """A for 1, AA for 27."""
    letters = ""
    while numero > 0:
        numero, rest = divmod(numero - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
