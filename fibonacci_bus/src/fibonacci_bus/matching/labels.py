"""From a mask of branches to their labels."""

from __future__ import annotations

from collections.abc import Sequence

_FEW = 8


class Labels:
    """The labels of branches, by number; a label may stand for several of them."""

    __slots__ = ("_answers", "_labels", "_repeat")

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._repeat = len(set(labels)) < len(labels)
        self._answers: dict[int, tuple[str, ...]] | None = {} if len(labels) <= _FEW else None

    def of(self, mask: int) -> tuple[str, ...]:
        """The labels of the mask's branches, in order, each once.

        Answers of few branches are kept: there are no more than 256 of them.
        """
        if self._answers is None:
            return self._found(mask)
        answer = self._answers.get(mask)
        if answer is None:
            answer = self._answers[mask] = self._found(mask)
        return answer

    def _found(self, mask: int) -> tuple[str, ...]:
        found: list[str] = []
        while mask:
            bit = mask & -mask
            found.append(self._labels[bit.bit_length() - 1])
            mask ^= bit
        return tuple(dict.fromkeys(found)) if self._repeat else tuple(found)
