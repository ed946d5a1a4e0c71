"""The decorator for a plugin's test file."""

import difflib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from gancore.component.part import Part
from gancore.errors import UserError
from gancore.testing.check import checks_for
from gancore.testing.running import run_check

Test = TypeVar("Test", bound=Callable[..., Any])
_NONE: Mapping[str, str] = MappingProxyType({})


def contracts(*classes: type[Part], expected_failures: Mapping[str, str] = _NONE) -> Callable[[Test], Test]:
    """Parametrizes the test with each check of each class as `check`, which the test calls.

    `expected_failures` maps `Class.check` to the reason why it is known to fail; if it no longer fails, the
    test reports that. Classes may list expected failures by check in an attribute of the same name as well.

    Raises:
        UserError: an expected failure does not name a check.
    """
    try:
        import pytest
    except ImportError as error:
        raise ImportError(
            "gancore.testing.contracts is for pytest, which is not installed; run `pip install gancore[kit]`"
        ) from error
    known = {
        f"{cls.__name__}.{check.name}": partial(run_check, cls, check)
        for cls in classes
        for check in checks_for(cls)
    }
    for name in expected_failures:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.3)
            raise UserError(
                f"expected_failures names {name!r}, which is not a check here; write Class.check, "
                f"as {', '.join(near) or next(iter(known))}"
            )
    own = {
        f"{cls.__name__}.{check}": reason
        for cls in classes
        for check, reason in cls.expected_failures.items()
    }
    cases = []
    for name, case in known.items():
        reason = expected_failures.get(name) or own.get(name)
        cases.append(
            pytest.param(
                case, id=name, marks=[pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            )
        )
    return pytest.mark.parametrize("check", cases)
