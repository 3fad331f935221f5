"""Which path of the API is answered by what, and which error is told how.

All answers leave by way of `Secrets.scrubbed`: whatever they are made of, no secret that is known is in them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from ...document import Problem
from ...reader import GatewayFileError
from ...reloading import StoppedError
from ..changes.applying import BusyError, NotTakenError, RefusedError
from ..changes.edits import expected
from ..changes.history import HistoryError
from ..changes.writing import FileChangedError, WriteError
from ..texts.secrets import Secrets
from .http import ApiError, Events, Reply, Request, json_answer
from .pages import PREFIX

Function: TypeAlias = Callable[..., Awaitable[Any]]
"""Gets the request and what stands in the places of `*` in its path; answers a JSON document, or `Events`."""
Routes: TypeAlias = Mapping[tuple[str, str], Function]
"""By method and path below the prefix, such as `history/*`."""


class Api:
    def __init__(
        self, routes: Routes, secrets: Secrets, missing: Mapping[str, str], learn: Callable[[], Awaitable[None]]
    ) -> None:
        """`missing`: why this engine lacks the paths that begin with these words. `learn`: know the secrets."""
        self._routes: Final = {(method, tuple(path.split("/"))): found for (method, path), found in routes.items()}
        self._secrets = secrets
        self._missing = missing
        self._learn = learn

    async def answer(self, request: Request) -> Reply:
        """Raises `ApiError`, whose texts have no secrets."""
        try:
            with _errors():
                await self._learn()
                result = await self._call(request)
        except ApiError as error:
            clean = self._secrets.scrubbed([str(error), error.more])
            raise ApiError(error.status, error.code, clean[0], error.fields, clean[1]) from None
        return result if isinstance(result, Events) else json_answer(self._secrets.scrubbed(result))

    async def _call(self, request: Request) -> Any:
        steps = tuple(request.path.removeprefix(PREFIX).split("/"))
        methods = []
        for (method, pattern), function in self._routes.items():
            if len(pattern) == len(steps) and all(one in ("*", step) for one, step in zip(pattern, steps, strict=True)):
                if method == request.method:
                    values = [step for one, step in zip(pattern, steps, strict=True) if one == "*"]
                    return await function(request, *values)
                methods.append(method)
        if methods:
            allowed = ", ".join(methods)
            raise ApiError(405, "method", f"this path takes {allowed}", [("allow", allowed)])
        if (reason := self._missing.get(steps[0])) is not None:
            raise ApiError(501, "not_here", reason)
        raise ApiError(404, "not_found", "the console has no such path")


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        raise ApiError(422, "refused", str(error), more={"problems": [*map(problem, error.problems)]}) from None
    except BusyError as error:
        raise ApiError(409, "busy", str(error)) from None
    except NotTakenError as error:
        raise ApiError(409, "not_taken", str(error)) from None
    except FileChangedError as error:
        raise ApiError(409, "file_changed", str(error)) from None
    except StoppedError as error:
        raise ApiError(503, "starting", str(error)) from None
    except (WriteError, HistoryError) as error:
        raise ApiError(500, "cannot_write", str(error)) from None
    except GatewayFileError as error:
        raise ApiError(500, "cannot_read", str(error)) from None


def problem(found: Problem) -> dict[str, Any]:
    return {
        "line": found.line,
        "key": ".".join(map(str, found.place)),
        "place": [*found.place],
        "message": found.message,
        "expected": expected(found.message),
    }
