"""Learning from corrections: what an agent's package offers beside its hooks.

A package names its learner under the entry-point group ``alquimista.learners``, with the operation
that it improves as the entry point's name. The platform keeps corrections and models, asks for
consent and decides who may; the learner knows what a model is, gets no context and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

GROUP = "alquimista.learners"
Progress = Callable[[str, int, int], None]
"""Told what is being done (pt-BR), how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class CorrectedExample:
    """A masked message with the labels that a person gave it.

    ``anterior`` is our masked message before it; ``intensidade`` (0 to 100) is None where the
    person left the machine's.
    """

    texto: str
    anterior: str
    intent: str
    sentimento: str
    intensidade: int | None
    descadastro: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures by name (pt-BR, fractions unless the name says otherwise).

    ``conta`` is on the tenant's corrections, ``dobras`` on the shipped folds.
    """

    conta: Mapping[str, float]
    dobras: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Training:
    """What came of a training: a model to keep, or why there is none.

    ``partes`` are the parts of the model that learned, ``retidas`` those that were held back
    because they would have been worse on the shipped folds. ``fora`` are figures on corrections
    that were left out of the training each time.
    """

    aceito: bool
    motivo: str
    conteudo: bytes | None
    partes: tuple[str, ...]
    retidas: tuple[str, ...]
    antes: Evaluation
    depois: Evaluation
    fora: Mapping[str, float]


class Learner(Protocol):
    """Trains and measures models of one operation."""

    @property
    def base(self) -> str:
        """Names the shipped model that a tenant's model adds to; another base makes it useless."""

    def evaluate(
        self, exemplos: Sequence[CorrectedExample], conteudo: bytes | None, progress: Progress
    ) -> Evaluation:
        """Measure a tenant's model, or the shipped one where ``conteudo`` is None.

        Raises:
            PermanentError: the content is no model of this base.
        """

    def train(self, exemplos: Sequence[CorrectedExample], progress: Progress) -> Training:
        """Learn from corrections; never answers a model that is worse on the shipped folds."""
