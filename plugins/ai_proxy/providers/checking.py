"""Validates a provider object of the configuration against its row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from proxywasm.config import (
    Fault,
    NoEffect,
    Problem,
    Required,
    Rule,
    apply_rules,
    json_name,
    keys_of,
    nearest,
    read_object,
    type_name,
)

from ..config.coercion import coerced
from ..config.custom_settings import AUTO_NAMES
from ..config.settings import Settings
from .row import Row, endpoint_of

# Keys that Higress' console adds to provider objects for its own use.
OF_THE_CONSOLE: Final = frozenset({"openaiExtraCustomUrls", "openaiCustomServiceName", "openaiCustomServicePort"})

# Keys in the original's manual that the original ignores, too.
_NEVER_READ: Final = {
    "subPath": "ignored, as in the original; the key that removes a prefix of the path is basePath",
    "authHeaderKey": "ignored, as in the original; without apiTokens a client's key is taken from the usual headers",
}


class Checked(NamedTuple):
    """`row` and `settings` are None if the object is refused."""

    row: Row | None
    settings: Settings | None
    problems: list[Problem]


def check(document: dict[str, Any], path: str, rows: Sequence[Row]) -> Checked:
    """Validate the provider object at `path`; reports all problems."""
    name = document.get("type")
    if name is None or name == "":
        return _refused(f"{path}.type", "is required: which model service this is")
    if not isinstance(name, str):
        return _refused(f"{path}.type", f"must be a string, got {type_name(name)}")
    candidates = [row for row in rows if row.name == name]
    if not candidates:
        names = sorted({row.name for row in rows})
        meant = nearest(name, names)
        hint = f"did you mean {meant}? Known are" if meant else "known are"
        return _refused(f"{path}.type", f'unknown provider "{name}"; {hint}: {", ".join(names)}')
    kind = candidates[0].settings
    problems: list[Problem] = []
    known = {key: value for key, value in document.items() if key not in OF_THE_CONSOLE}
    settings: Settings | None = read_object(
        kind, known, path, problems, lenient=True, stranger=lambda stray: _stray(stray, name, rows), salvage=coerced
    )
    if settings is None:
        return Checked(None, None, problems)
    row = next(row for row in candidates if row.when(settings))
    settings = _as_the_original(settings, problems, path)
    given = {field for field in keys_of(kind) if document.get(json_name(kind, field)) is not None}
    rules = list(rules_of_row(row))
    if not settings.api_tokens and document.get("apiTokens") not in (None, []):
        # The original counts the tokens, and does not look at them.
        rules = [rule for rule in rules if not (isinstance(rule, Required) and rule.name == "api_tokens")]
        problems.append(_idle(f"{path}.apiTokens", "no token in it can be used, and requests have no credential of it"))
    problems += apply_rules(kind, rules, settings, given, path)
    problems += _contradictions(row, settings, path)
    problems += [_idle(f"{path}.{json_name(kind, field)}", text) for field, text in settings.without_effect().items()]
    if any(problem.refuses for problem in problems):
        return Checked(None, None, problems)
    return Checked(row, settings, problems)


def _as_the_original(settings: Settings, problems: list[Problem], path: str) -> Settings:
    """The settings where an ignored value means something else than the default."""
    handling = f"{path}.basePathHandling"
    if settings.base_path and any(one.path == handling and one.fault is Fault.IGNORED for one in problems):
        problems.append(_idle(f"{path}.basePath", "basePathHandling does not say how it is used"))
        return replace(settings, base_path="")
    return settings


def rules_of_row(row: Row) -> Iterator[Rule]:
    """The rules for the common keys that follow from the row."""
    credentials = row.credentials
    if credentials.token_required:
        yield Required("api_tokens", why=f": {row.name} needs at least one token")
    if not (credentials.auth or credentials.make):
        yield NoEffect(("api_tokens",), f"{row.name} gets no token{' but signed requests' if credentials.sign else ''}")
    if not row.dialect.reasoning_modes:
        yield NoEffect(("reasoning_content_mode",), f"reasoning stays where {row.name} puts it here")
    if row.dialect.keeps_bodies:
        names = ("model_mapping", "context", "context_cleanup_commands", "merge_consecutive_messages")
        yield NoEffect(names, f"{row.name} gets bodies as they are")
    if row.addressing.keeps_path:
        yield NoEffect(("capabilities",), f"paths go to {row.name} as they are")


def _refused(path: str, text: str) -> Checked:
    return Checked(None, None, [Problem(Fault.WRONG, path, text)])


def _stray(key: str, name: str, rows: Sequence[Row]) -> str:
    """The message for a key that providers of this type do not have; empty for an unknown key."""
    if key in _NEVER_READ:
        return _NEVER_READ[key]
    owners = sorted(
        {row.name for row in rows for field in keys_of(row.settings) if json_name(row.settings, field) == key}
    )
    return f"ignored: it is for {' and '.join(owners)}, not for {name}" if owners else ""


def _contradictions(row: Row, settings: Settings, path: str) -> Iterator[Problem]:
    """Problems that need more than one key and no rule can describe."""
    tokens, auth = settings.api_tokens, row.credentials.auth
    for index, token in enumerate(tokens):
        if (first := tokens.index(token)) < index:
            yield _idle(f"{path}.apiTokens[{index}]", f"is the same as apiTokens[{first}]")
    usable = 0 if auth is None else len(set(tokens))
    if settings.failover and settings.failover.enabled and usable < 2:
        yield _idle(f"{path}.failover", f"there is no other token to change to ({usable} in apiTokens)")
    retry = settings.retry_on_failure
    if retry and retry.enabled and usable < 2:
        yield _idle(f"{path}.retryOnFailure", f"no token is tried twice, and there is no other ({usable} in apiTokens)")
    elif retry and retry.enabled and retry.max_retries == 0:
        yield _idle(f"{path}.retryOnFailure.maxRetries", "0 retries are none; set enabled to false, or a number")
    if settings.capabilities and endpoint_of(row.addressing, settings).only_path:
        yield _idle(f"{path}.capabilities", "the address is that of one API, and used for all requests")
    for api in settings.capabilities:
        if api in row.dialect.protocols and "{model}" in row.addressing.paths.get(api, ""):
            yield _idle(f"{path}.capabilities.{api}", f"with {row.name} the path is made of the model")
    if auth and not auth.in_query and usable and auth.header in settings.forward_headers:
        yield _idle(f"{path}.forwardHeaders", f"{auth.header} carries the token of the configuration")
    seen: dict[str, int] = {}
    for index, setting in enumerate(settings.custom_settings):
        where = f"{path}.customSettings[{index}].name"
        if setting.mode == "auto" and setting.name not in AUTO_NAMES:
            names = ", ".join(AUTO_NAMES)
            yield _idle(where, f"mode auto knows {names} only; set mode to raw for any other")
        elif setting.name in seen and setting.overwrite:
            yield _idle(f"{path}.customSettings[{seen[setting.name]}]", f"customSettings[{index}] overwrites it")
        seen[setting.name] = index


def _idle(path: str, text: str) -> Problem:
    return Problem(Fault.IDLE, path, f"has no effect: {text}")
