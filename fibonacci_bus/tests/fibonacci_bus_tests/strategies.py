"""Generated patterns and events: few names and few letters, so that they meet often."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ADDRESSES = ("10.0.0.1", "10.0.9.7", "10.9.0.1", "192.168.3.4", "2001:db8::1", "::1", "10.0.0.256")
BLOCKS = ("10.0.0.0/8", "10.0.0.0/20", "10.0.9.7/30", "0.0.0.0/0", "2001:db8::/32", "::/0")
SOURCES = ("aa", "aAb", "b", "bab")
NAMES = ("a", "b", "c")

texts = st.text("aAb", max_size=4)
some_text = st.text("aAb", min_size=1, max_size=3)
# 0 and 1 are left to the vectors: Python, and so moto, takes them for false and true.
numbers = st.one_of(
    st.integers(2, 9), st.integers(-9, -1), st.sampled_from((2.5, -2.5, 3.0, 1e3, 6e9))
)
flags = st.booleans()


def scalars(*, booleans: bool = True) -> st.SearchStrategy[Any]:
    """JSON values that are no objects and no arrays."""
    kinds = [st.none(), numbers, texts, texts, st.sampled_from(ADDRESSES)]
    return st.one_of(*kinds, flags) if booleans else st.one_of(*kinds)


@st.composite
def wildcards(draw: st.DrawFn) -> str:
    """Pieces with stars between them, some of them escaped."""
    pieces = draw(st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3))
    text = "*".join(pieces)
    start, end, star = draw(st.tuples(flags, flags, st.integers(0, 9)))
    return ("*" if start else "") + text + ("*" if end else "") + (r"\*" if star == 0 else "")


def any_case(inner: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """A text, or the same to be read in any case."""
    return st.one_of(inner, st.builds(lambda text: {"equals-ignore-case": text}, inner))


def one_or_more(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value or a list of them."""
    return st.one_of(inner, st.lists(inner, min_size=1, max_size=3))


def numeric() -> st.SearchStrategy[list[Any]]:
    """One comparison, or a range that is not empty."""
    bound = st.one_of(st.integers(2, 9), st.integers(-9, -1), st.sampled_from((2.5, -2.5)))
    single = st.tuples(st.sampled_from(("=", "<", "<=", ">", ">=")), bound).map(list)
    pair = st.tuples(
        st.sampled_from((">", ">=")), bound, st.sampled_from(("<", "<=")), st.integers(1, 5)
    ).map(lambda p: [p[0], p[1], p[2], p[1] + p[3]])
    return st.one_of(single, pair)


def conditions(*, booleans: bool = True) -> st.SearchStrategy[Any]:
    """Every operator."""
    anything_but = st.one_of(
        one_or_more(some_text),
        one_or_more(numbers),
        *(st.builds(lambda v, n=name: {n: v}, one_or_more(some_text)) for name in _UNWANTED),
        st.builds(lambda v: {"wildcard": v}, one_or_more(wildcards())),
    )
    operators = {
        "prefix": any_case(texts),
        "suffix": any_case(texts),
        "equals-ignore-case": texts,
        "wildcard": wildcards(),
        "anything-but": anything_but,
        "numeric": numeric(),
        "exists": flags,
        "cidr": st.sampled_from(BLOCKS),
    }
    return st.one_of(
        scalars(booleans=booleans),
        *(st.builds(lambda v, n=name: {n: v}, kind) for name, kind in operators.items()),
    )


_UNWANTED = ("prefix", "suffix", "equals-ignore-case")


def details(*, booleans: bool, objects_in_arrays: bool) -> st.SearchStrategy[Any]:
    """What an event carries."""
    leaf = scalars(booleans=booleans)
    values = st.one_of(leaf, leaf, st.lists(leaf, min_size=1, max_size=3))
    inner = st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=3)
    if objects_in_arrays:
        deeper = st.dictionaries(
            st.sampled_from(NAMES), st.one_of(values, inner, st.lists(inner, max_size=2))
        )
        inner = st.one_of(inner, st.lists(st.one_of(deeper, inner, leaf), max_size=3), deeper)
        values = st.one_of(values, st.lists(st.lists(leaf, max_size=2), max_size=2), st.just({}))
    return st.dictionaries(st.sampled_from((*NAMES, "n")), st.one_of(values, inner), max_size=4)


def events(
    *, booleans: bool = True, objects_in_arrays: bool = True
) -> st.SearchStrategy[dict[str, Any]]:
    """Envelopes."""
    detail = details(booleans=booleans, objects_in_arrays=objects_in_arrays)
    return st.fixed_dictionaries(
        {"source": st.sampled_from(SOURCES), "detail-type": st.sampled_from(NAMES)},
        optional={"detail": detail, "x": scalars(booleans=booleans)},
    )


@st.composite
def patterns(draw: st.DrawFn, *, booleans: bool = True) -> dict[str, Any]:
    """Patterns over the fields of ``events``, with ``$or`` at every level."""
    field = st.lists(conditions(booleans=booleans), min_size=1, max_size=3)
    inner = _objects(draw, field, NAMES)
    pattern: dict[str, Any] = {}
    if draw(st.integers(0, 2)):
        pattern["detail"] = _objects(draw, field, NAMES)
        if draw(flags):
            pattern["detail"]["n"] = inner
    for name in ("source", "detail-type", "x"):
        if draw(st.integers(0, 3)) == 0 or not pattern:
            pattern[name] = draw(field)
    if draw(st.integers(0, 5)) == 0:
        others = [name for name in ("source", "x", "detail-type") if name not in pattern]
        if others:
            pattern["$or"] = [{draw(st.sampled_from(others)): draw(field)} for _ in range(2)]
    return pattern


def _objects(
    draw: st.DrawFn, field: st.SearchStrategy[Any], names: tuple[str, ...]
) -> dict[str, Any]:
    found: dict[str, Any] = draw(
        st.dictionaries(st.sampled_from(names), field, min_size=1, max_size=2)
    )
    free = [name for name in names if name not in found]
    if draw(st.integers(0, 4)) == 0:
        found["$or"] = [
            draw(st.dictionaries(st.sampled_from(free), field, min_size=1, max_size=2))
            for _ in range(draw(st.integers(2, 3)))
        ]
    return found
