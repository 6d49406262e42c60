"""Tests of the tests: each asserts something, and each is named as a sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CHECKERS = ("assert", "check", "expect", "refuse", "same", "raises", "fail")
_WORDS = 3


def files_of_tests() -> Iterator[Path]:
    """Every test file of the repository."""
    for folder in ("tests", "fibonacci_bus/tests", "platform", "plugins"):
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            if ".venv" not in path.parts:
                yield path


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    """The test functions of a file, methods too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def checkers(file: ast.Module) -> frozenset[str]:
    """The functions of a file that assert."""
    return frozenset(
        node.name
        for node in ast.walk(file)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(inner, ast.Assert) for inner in ast.walk(node))
    )


def asserts(function: ast.FunctionDef, checking: frozenset[str]) -> bool:
    """An ``assert``, ``pytest.raises``, a mock's check, or a call of a function that checks."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = _called(node)
            if name in checking or any(word in name for word in _CHECKERS):
                return True
    return False


def _called(node: ast.Call) -> str:
    target = node.func
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def test_every_test_asserts_something() -> None:
    silent: list[str] = []
    for path in files_of_tests():
        checking = checkers(ast.parse(path.read_text(encoding="utf-8")))
        silent.extend(
            f"{path.relative_to(ROOT)}::{function.name}"
            for function in functions(path)
            if not asserts(function, checking)
        )
    assert silent == []


def test_every_test_is_named_as_a_sentence() -> None:
    short = [
        f"{path.relative_to(ROOT)}::{function.name}"
        for path in files_of_tests()
        for function in functions(path)
        if len(function.name.removeprefix("test_").split("_")) < _WORDS
    ]
    assert short == []


def test_unit_tests_open_neither_network_nor_database() -> None:
    """They live with their distribution, and none of them asks for the database's fixtures."""
    wrong = []
    for path in files_of_tests():
        if path.is_relative_to(ROOT / "tests"):
            continue
        for function in functions(path):
            asked = {argument.arg for argument in function.args.args}
            if asked & {"postgres", "fresh_database", "database", "owner_engine", "way", "system"}:
                wrong.append(f"{path.relative_to(ROOT)}::{function.name}")
    assert wrong == []
