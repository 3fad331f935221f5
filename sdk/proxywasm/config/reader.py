"""Functions that read a plugin's configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from .. import log
from ..errors import ConfigError
from .declaration import Declared, prepare
from .keys import Table
from .problems import Fault, Problem, type_name
from .reading import read_object

Settings = TypeVar("Settings")
Config = TypeVar("Config")


class Reader(Generic[Config]):
    """A function for `Plugin.parse_config`. Make it with `reader`."""

    def __init__(self, settings: Declared, then: Callable[[Any], Config] | None, *, lenient: bool) -> None:
        prepare(settings)
        self.settings = settings
        self._then = then
        self._lenient = lenient

    def __call__(self, document: dict[str, Any]) -> Config:
        """Raises `ConfigError` with all problems."""
        found = _read(document, self.settings, lenient=self._lenient)
        return found if self._then is None else self._then(found)


@overload
def reader(settings: type[Settings], *, lenient: bool = False) -> Reader[Settings]: ...
@overload
def reader(settings: Table, *, lenient: bool = False) -> Reader[dict[str, Any]]: ...
@overload
def reader(
    settings: type[Settings], then: Callable[[Settings], Config], *, lenient: bool = False
) -> Reader[Config]: ...
@overload
def reader(settings: Table, then: Callable[[dict[str, Any]], Config], *, lenient: bool = False) -> Reader[Config]: ...
def reader(settings: Any, then: Callable[[Any], Any] | None = None, *, lenient: bool = False) -> Reader[Any]:
    """A function that reads these settings, for `plugin.parse_config(config.reader(Settings))`.

    Args:
        settings: a dataclass, or a `Table`.
        then: makes of the settings what callbacks get.
        lenient: as in `read`.
    """
    return Reader(settings, then, lenient=lenient)


class RuleReader(Generic[Config]):
    """A function for `Plugin.parse_override_config`. Make it with `rule_reader`."""

    def __init__(self, settings: Declared, then: Callable[[Any, Any], Config], *, lenient: bool) -> None:
        prepare(settings)
        self.settings = settings
        self._then = then
        self._lenient = lenient

    def __call__(self, rule: dict[str, Any], base: Any) -> Config:
        """Raises `ConfigError` with all problems."""
        return self._then(_read(rule, self.settings, lenient=self._lenient), base)


def rule_reader(
    settings: type[Settings], then: Callable[[Settings, Any], Config], *, lenient: bool = False
) -> RuleReader[Config]:
    """A function that reads rules with these settings, for `plugin.parse_override_config(config.rule_reader(...))`.

    Args:
        settings: a dataclass with the keys of a rule.
        then: makes of them, and of what the global configuration was parsed to, what callbacks get. The second is None
            where there are only rules, or the global part is broken.
        lenient: as in `read`.
    """
    return RuleReader(settings, then, lenient=lenient)


@overload
def read(document: Any, settings: type[Settings], *, lenient: bool = False) -> Settings: ...
@overload
def read(document: Any, settings: Table, *, lenient: bool = False) -> dict[str, Any]: ...
def read(document: Any, settings: Any, *, lenient: bool = False) -> Any:
    """Read the settings from a JSON document. Warnings go to the log.

    Args:
        document: parsed JSON.
        settings: a dataclass, or a `Table`, whose keys come as a dictionary.
        lenient: accept slips that can be understood (`"8080"` for 8080, unknown keys), and warn of them.

    Raises:
        ConfigError: with a line for each problem.
    """
    return _read(document, settings, lenient=lenient)


def problems(document: Any, settings: Declared, *, lenient: bool = False) -> list[Problem]:
    """All problems of a JSON document, warnings included."""
    return _check(document, settings, lenient=lenient)[1]


def _read(document: Any, settings: Declared, *, lenient: bool) -> Any:
    found, all_problems = _check(document, settings, lenient=lenient)
    if errors := [problem for problem in all_problems if problem.refuses]:
        raise ConfigError("\n".join(map(str, errors)))
    for problem in all_problems:
        log.warn("%s", problem)
    return found


def _check(document: Any, settings: Declared, *, lenient: bool) -> tuple[Any, list[Problem]]:
    if not isinstance(document, dict):
        text = f"the configuration must be an object, got {type_name(document)}"
        return None, [Problem(Fault.WRONG, "", text)]
    found: list[Problem] = []
    # Editors find the schema by this key.
    own = {name: value for name, value in document.items() if name != "$schema"}
    try:
        return read_object(settings, own, "", found, lenient=lenient), found
    except RecursionError:
        return None, [Problem(Fault.REFUSED, "", "the configuration is nested too deeply")]
