"""What an author registers as a callback: whether it can be called as it will be, and where it is.

Looked at when it is registered, which for decorators is while the plugin is built. What is called by the request is not
looked at again.
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
    """To evaluate annotations would raise for names that only type checkers import."""
else:
    _OPTIONS: Final[dict[str, Any]] = {}

_FORMS: Final[dict[Any, str]] = {
    Parameter.VAR_POSITIONAL: "*{}",
    Parameter.KEYWORD_ONLY: "{}=",
    Parameter.VAR_KEYWORD: "**{}",
}


def check(function: Any, what: str, role: str, arguments: tuple[str, ...]) -> None:
    """Raises `TypeError` for what cannot be called with these arguments.

    `what` is what an error calls it, `role` the decorator or method that takes it.
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
        # Python's own reason says no more, and is worded differently in each version.
        raise TypeError(
            f"{checks.place(function)}({taken}) does not fit {role}, which calls {name}({', '.join(arguments)})"
        ) from None


def place(function: Any) -> str:
    """`my_plugin.py:12: greet`: the author's function, also where a decorator has wrapped it."""
    return checks.place(inspect.unwrap(function))


def _signature(function: Any) -> Signature | None:
    """None: written in C, and does not say what it takes."""
    try:
        # What is called is the wrapper, whatever it wraps.
        return inspect.signature(function, follow_wrapped=False, **_OPTIONS)
    except (TypeError, ValueError):
        return None


def _shown(parameter: Parameter) -> str:
    return _FORMS.get(parameter.kind, "{}").format(parameter.name)
