"""Decide from the syntax how a `try` or `with` handles an exception that its body raises."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

_LEAVES_PROCESS: Final = {"exit", "quit", "sys.exit", "os._exit", "os.abort"}
_IMPORT_ERRORS: Final = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def does_without_import(node: ast.Try | ast.TryStar) -> bool:
    """Whether the code continues if a module that is imported in the body is missing."""
    for handler in node.handlers:
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(name is None or ast.unparse(name) in _IMPORT_ERRORS for name in types):
            return not always_raises(handler.body)  # the first that matches is the only one that runs
    return False


def survives(node: ast.Try | ast.TryStar) -> bool:
    """Whether the code continues after some exception of the body."""
    return any(not always_raises(handler.body) for handler in node.handlers)


def suppresses_import_errors(node: ast.With) -> bool:
    """`with contextlib.suppress(ImportError):`"""
    return any(
        isinstance(call := item.context_expr, ast.Call)
        and ast.unparse(call.func) in ("suppress", "contextlib.suppress")
        and any(ast.unparse(name) in _IMPORT_ERRORS for name in call.args)
        for item in node.items
    )


def always_raises(body: Sequence[ast.stmt]) -> bool:
    """Whether these statements end with an exception or with the process, whichever way they go."""
    for statement in body:
        match statement:
            case ast.Raise():
                return True
            case ast.Return() | ast.Break() | ast.Continue():
                return False
            case ast.Expr(value=ast.Call(func=function)) if ast.unparse(function) in _LEAVES_PROCESS:
                return True
            case ast.If(body=then, orelse=otherwise) if always_raises(then) and always_raises(otherwise):
                return True
            case ast.With(body=inner) if always_raises(inner):
                return True
            case ast.Try(finalbody=last) if always_raises(last):
                return True
    return False
