"""Check the functions that an author registers: can they be called with the arguments of the callback?

The check runs at registration: for decorators, while the plugin is built. It costs requests nothing.
"""

from __future__ import annotations

import inspect
import sys
from inspect import Parameter, Signature
from typing import Any, Final

from . import checks

if sys.version_info >= (3, 14):
    from annotationlib import Format

    _OPTIONS: Final[dict[str, Any]] = {"annotation_format": Format.STRING}
    """Evaluating annotations would raise for names that only type checkers import."""
else:
    _OPTIONS: Final[dict[str, Any]] = {}

_FORMS: Final[dict[Any, str]] = {
    Parameter.VAR_POSITIONAL: "*{}",
    Parameter.KEYWORD_ONLY: "{}=",
    Parameter.VAR_KEYWORD: "**{}",
}


def check(function: Any, what: str, role: str, arguments: tuple[str, ...]) -> None:
    """Raises `TypeError` for a function that cannot be called with these arguments.

    `what` names it in errors; `role` is the decorator or method that takes it.
    """
    checks.function(function, what)
    signature = _signature(function)
    if signature is None:
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        name = checks.function_name(function)
        taken = ", ".join(map(_shown, signature.parameters.values()))
        # Python's own reason says no more, and its wording depends on the version.
        raise TypeError(
            f"{checks.place(function)}({taken}) does not fit {role}, which calls {name}({', '.join(arguments)})"
        ) from None


def place(function: Any) -> str:
    """`my_plugin.py:12: greet`: the author's function, also where a decorator has wrapped it."""
    return checks.place(inspect.unwrap(function))


def _signature(function: Any) -> Signature | None:
    """None for a function in C that does not declare its parameters."""
    try:
        # The wrapper is called, so its parameters count and not those of the wrapped function.
        return inspect.signature(function, follow_wrapped=False, **_OPTIONS)
    except (TypeError, ValueError):
        return None


def _shown(parameter: Parameter) -> str:
    return _FORMS.get(parameter.kind, "{}").format(parameter.name)
