"""Read a gateway file, and report every error in it with its place and what to do.

Messages contain no value that may be secret: for a wrong value they name its place only.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ..building.named import plugin_path
from ..reading import read_text, shown
from .certificates import wrong_ca_file, wrong_pair
from .document import Document, Place, Problem, parse
from .engines import Engine, models_of, refusals
from .model import Gateway

LARGEST: Final = 2**20
"""Bytes of a gateway file."""
_TOLD: Final = 20
"""Problems of one file."""


class GatewayFileError(Exception):
    """A gateway file cannot be used; a line of the message for each problem: `file:line: key: what, and what to do`.

    `problems` are all that are known by their lines: none for a file that cannot be read.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def read(path: Path, environment: Mapping[str, str] | None = None, *, engine: Engine | None = None) -> Gateway:
    """The gateway of a file; its paths are absolute then. `environment` is for `${ENV:NAME}`, by default the process's.

    Raises `GatewayFileError`, also for keys that `engine` does not have.
    """
    return gateway_of(file_text(path), path, environment, engine=engine)


def file_text(path: Path) -> str:
    """The text of a gateway file. Raises `GatewayFileError`."""
    return read_text(path, GatewayFileError, LARGEST)


def gateway_of(
    text: str, path: Path, environment: Mapping[str, str] | None = None, *, engine: Engine | None = None
) -> Gateway:
    """The gateway of a text that is in the file at `path`, or is to be. Raises `GatewayFileError`."""
    document = parse(text, os.environ if environment is None else environment)
    problems = document.problems
    if not problems and not isinstance(document.value, dict):
        problems = [Problem(1, (), "expected keys such as `listen:`, `plugins:` and `routes:`")]
    if not problems:
        try:
            gateway = Gateway.model_validate(document.value)
        except ValidationError as error:
            problems = list(_problems(error, document))
        else:
            gateway = _from_folder(gateway, path.resolve().parent)
            problems = [*_missing_files(gateway, document), *_refused(gateway, engine, document)]
            problems = problems or list(_wrong_certificates(gateway, document))
            if not problems:
                return gateway
    raise _error(path, problems)


def problems_in(text: str, path: Path, problems: Iterable[Problem]) -> GatewayFileError:
    """The error for problems that were found after the text was accepted. Lines are looked up by the places.

    If a place is missing, the message names it after the nearest place that exists.
    """
    document = parse(text, {})
    located = []
    for found in problems:
        nearest = document.nearest(found.place)
        missing = ".".join(map(str, found.place[len(nearest) :]))
        message = f"{missing}: {found.message}" if missing else found.message
        located.append(Problem(document.line(nearest), nearest, message))
    return _error(path, located)


def _error(path: Path, problems: list[Problem]) -> GatewayFileError:
    problems = sorted(problems, key=lambda item: item.line)
    lines = [_line(path, problem) for problem in problems[:_TOLD]]
    if len(problems) > _TOLD:
        lines.append(f"{path}: and {len(problems) - _TOLD} more")
    return GatewayFileError("\n".join(lines), problems)


def _line(path: Path, problem: Problem) -> str:
    where = shown(".".join(map(str, problem.place)), 120)
    return ": ".join([f"{path}:{problem.line}", *([where] if where else []), problem.message])


def _problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    for item in error.errors(include_url=False, include_input=False):
        place = tuple(item["loc"])
        yield Problem(document.line(place), place, _message(item["type"], item["msg"], item.get("ctx", {}), place))


def _message(kind: str, text: str, context: Mapping[str, Any], place: Place) -> str:
    match kind:
        case "extra_forbidden":
            known = _keys(place[:-1])
            close = difflib.get_close_matches(str(place[-1]), known, 1)
            return "no such key; " + (f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}")
        case "missing":
            return "is missing"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"expected {context['expected']}"
    return _PLAIN.get(kind, text[:1].lower() + text[1:])


_PLAIN: Final = {
    "bool_type": "expected true or false",
    "dict_type": "expected keys and values",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
    "model_type": "expected keys and values",
    "string_type": "expected a text; put quotes around it",
    "string_too_short": "must not be empty",
    "tuple_type": "expected a list",
}
_PARTS: Final = dict(models_of(Gateway))


def _keys(place: Place) -> list[str]:
    """The keys at a place."""
    steps = tuple("*" if index == 1 else str(step) for index, step in enumerate(place))
    return [*_PARTS[steps].model_fields]


def _from_folder(gateway: Gateway, folder: Path) -> Gateway:
    """The gateway with absolute paths; relative ones start from the folder of the file."""
    plugins = tuple(
        plugin.model_copy(
            update={
                "module": plugin.module and folder / plugin.module,
                "source": plugin.source and plugin_path(plugin.source, folder),
            }
        )
        for plugin in gateway.plugins
    )
    upstreams = {
        name: upstream.model_copy(update={"ca_file": upstream.ca_file and folder / upstream.ca_file})
        for name, upstream in gateway.upstreams.items()
    }
    tls = gateway.tls and gateway.tls.model_copy(
        update={"certificate": folder / gateway.tls.certificate, "key": folder / gateway.tls.key}
    )
    console = gateway.console and gateway.console.model_copy(
        update={"token_file": gateway.console.token_file and folder / gateway.console.token_file}
    )
    ca_file = gateway.ca_file and folder / gateway.ca_file
    return gateway.model_copy(
        update={"plugins": plugins, "ca_file": ca_file, "upstreams": upstreams, "tls": tls, "console": console}
    )


_SOURCE: Final = "a plugin's folder or Python file, or the name of an installed plugin such as ai_proxy"


def _missing_files(gateway: Gateway, document: Document) -> Iterator[Problem]:
    files: list[tuple[Place, Path | None, str]] = [
        (place, path, "a file with certificates in it") for place, path in _ca_files(gateway)
    ]
    if gateway.tls is not None:
        files.append((("tls", "certificate"), gateway.tls.certificate, "a file with a certificate in it, as PEM"))
        files.append((("tls", "key"), gateway.tls.key, "a file with the certificate's private key in it, as PEM"))
    if gateway.console is not None:
        files.append((("console", "token_file"), gateway.console.token_file, "a file with a token in it"))
    for index, plugin in enumerate(gateway.plugins):
        files.append((("plugins", index, "module"), plugin.module, "a module: `proxywasm build --target proxy-wasm`"))
        files.append((("plugins", index, "source"), plugin.source, _SOURCE))
    for place, path, what in files:
        if path is not None and not _is_there(path, folder=place[-1] == "source"):
            yield Problem(document.line(place), place, f"there is no {shown(str(path), 200)}; expected {what}")


def _ca_files(gateway: Gateway) -> Iterator[tuple[Place, Path]]:
    if gateway.ca_file is not None:
        yield ("ca_file",), gateway.ca_file
    for name, upstream in gateway.upstreams.items():
        if upstream.ca_file is not None:
            yield ("upstreams", name, "ca_file"), upstream.ca_file


def _wrong_certificates(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for place, path in _ca_files(gateway):
        if wrong := wrong_ca_file(path):
            yield Problem(document.line(place), place, wrong)
    if gateway.tls is not None and (found := wrong_pair(gateway.tls.certificate, gateway.tls.key)):
        key, wrong = found
        yield Problem(document.line(("tls", key)), ("tls", key), wrong)


def _refused(gateway: Gateway, engine: Engine | None, document: Document) -> Iterator[Problem]:
    if engine is not None:
        for found in refusals(gateway, engine):
            yield Problem(document.line(found.place), found.place, found.message)


def _is_there(path: Path, *, folder: bool) -> bool:
    try:
        return path.is_file() or (folder and path.is_dir())
    except OSError:  # it may not be looked at, or its name is too long for any file
        return False
