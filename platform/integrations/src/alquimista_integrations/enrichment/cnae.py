"""Sector names from CNAE divisions (IBGE, CNAE 2.3: sections and divisions)."""

from __future__ import annotations

_SECOES = (
    (1, 3, "Agronegócio"),
    (5, 9, "Mineração"),
    (10, 33, "Indústria"),
    (35, 35, "Energia"),
    (36, 39, "Saneamento"),
    (41, 43, "Construção"),
    (45, 45, "Automotivo"),
    (46, 47, "Comércio"),
    (49, 53, "Logística"),
    (55, 55, "Hotelaria"),
    (56, 56, "Alimentação"),
    (58, 60, "Mídia"),
    (61, 61, "Telecomunicações"),
    (62, 63, "Tecnologia"),
    (64, 66, "Serviços financeiros"),
    (68, 68, "Imobiliário"),
    (69, 75, "Serviços profissionais"),
    (77, 82, "Serviços administrativos"),
    (84, 84, "Administração pública"),
    (85, 85, "Educação"),
    (86, 88, "Saúde"),
    (90, 93, "Cultura e esporte"),
    (94, 94, "Associações"),
    (95, 97, "Serviços pessoais"),
)


def setor_of(cnae: str) -> str | None:
    """The sector of a seven-digit CNAE subclass; None where the code is not one."""
    digits = "".join(character for character in cnae if character.isdigit()).zfill(7)
    division = int(digits[:2])
    for first, last, setor in _SECOES:
        if first <= division <= last:
            return setor
    return None
