"""A property set: what is proved, how deep, and the bug that must be found."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tests.formal.prove import DEADLINE, Mode, Result, prove
from tests.formal.rules import Property


@dataclass(frozen=True)
class Bug:
    """A piece of the unit's source, which must be there once, and what replaces it."""

    right: str
    wrong: str


@dataclass(frozen=True)
class Case:
    """Rules for one unit.

    Attributes
    ----------
    name : shown in tables
    unit : class of the component, that of a file of `hw/rtl`
    rules : makes the property out of that class, or of a changed one
    bug : makes an assertion fail
    mode, depth : of the proof; "prove" holds for ever
    cover : cycles in which all cover statements are reached
    deep : depth under `make formal`
    scaled : constants of the unit's file that are smaller in the proof, so that it gets further
    """

    name: str
    unit: Any
    rules: Callable[[Any], Property]
    bug: Bug
    mode: Mode = "prove"
    depth: int = 2
    cover: int = 10
    deep: int = 0
    scaled: dict[str, int] = field(default_factory=dict)

    def holds(self, deep: bool = False, deadline: int = DEADLINE) -> Result:
        """Prove the rules."""
        depth = max(self.depth, self.deep) if deep else self.depth
        return prove(self._built(()), self.mode, depth, deadline)

    def covered(self) -> Result:
        """Reach everything that the rules speak of."""
        return prove(self._built(()), "cover", self.cover)

    def refuted(self) -> Result:
        """Check the unit with the bug in it; the result should be FAIL."""
        return prove(self._built((self.bug,)), "bmc", max(self.depth, self.cover))

    def _built(self, bugs: tuple[Bug, ...]) -> Callable[[], Property]:
        return lambda: self.rules(variant(self.unit, bugs, self.scaled))


def variant(unit: Any, bugs: tuple[Bug, ...], scaled: dict[str, int]) -> Any:
    """Return the class again, out of a changed source, with other constants."""
    module = sys.modules[unit.__module__]
    source = inspect.getsource(module)
    for bug in bugs:
        count = source.count(bug.right)
        if count != 1:
            raise ValueError(f"{module.__name__} must have {bug.right!r} once, not {count} times")
        source = source.replace(bug.right, bug.wrong)
    changed = ModuleType(module.__name__)
    exec(compile(source, str(module.__file__), "exec", dont_inherit=True), changed.__dict__)
    for name, value in scaled.items():
        if not hasattr(changed, name):
            raise ValueError(f"{module.__name__} must have a constant `{name}`: it is scaled down")
        setattr(changed, name, value)
    return getattr(changed, unit.__name__)
