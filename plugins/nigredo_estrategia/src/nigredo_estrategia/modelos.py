"""The built-in templates and rhythms, read from ``modelos.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import time
from functools import cache
from importlib.resources import files

from alquimista_sdk.models import Mensagem


@dataclass(frozen=True, slots=True)
class Modelo:
    """A built-in template of a stage; ``variante`` is A or B."""

    etapa: str
    variante: str
    mensagem: Mensagem


@dataclass(frozen=True, slots=True)
class JanelaDoSetor:
    """The hours (lead's zone) in which companies of a trade are written to."""

    palavras: tuple[str, ...]
    hora_inicio: time
    hora_fim: time


@dataclass(frozen=True, slots=True)
class Biblioteca:
    """What the file holds. ``rodape`` is the opt-out line that no message goes without."""

    rodape: str
    modelos: tuple[Modelo, ...]
    janelas: tuple[JanelaDoSetor, ...]

    def da_etapa(self, etapa: str) -> tuple[Modelo, ...]:
        """The built-in variants of a stage, A first."""
        return tuple(modelo for modelo in self.modelos if modelo.etapa == etapa)


@cache
def biblioteca() -> Biblioteca:
    """Read the file, once."""
    raw = tomllib.loads(files(__package__).joinpath("modelos.toml").read_text("utf-8"))
    return Biblioteca(
        rodape=raw["rodape"],
        modelos=tuple(
            Modelo(
                item["etapa"],
                item["variante"],
                Mensagem(texto=item["texto"].strip(), assunto=item["assunto"]),
            )
            for item in raw["modelos"]
        ),
        janelas=tuple(
            JanelaDoSetor(tuple(item["palavras"]), item["hora_inicio"], item["hora_fim"])
            for item in raw["ritmos"]
        ),
    )
