"""Many patterns as one index."""

from fibonacci_bus.matching.rules import RuleIndex

__all__ = ["RuleIndex"]
