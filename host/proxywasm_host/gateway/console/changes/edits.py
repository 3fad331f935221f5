"""An edit of the gateway file, checked as a reload would check it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from ....recordings.masking import is_secret
from ...document import Place, Problem, parse
from ...engines import Engine
from ...model import Gateway, PluginEntry
from ...reader import GatewayFileError
from ...refusals import check_configurations
from ...restarting import refuse_restarts
from ...source import GatewayText
from ...yaml_nodes import YamlError
from ..declared import Declarations
from ..plain import plain
from ..texts.difference import Difference, difference
from ..texts.masking import Masked, masked, masked_value, unknown, unmasked, unmasked_value
from ..texts.names import SecretNames, hides, variables
from ..texts.secrets import Secrets
from ..texts.splicing import SpliceError, spliced


@dataclass(frozen=True, slots=True)
class TextEdit:
    """The whole text, with placeholders."""

    text: str


@dataclass(frozen=True, slots=True)
class PluginEdit:
    """The configuration of a plugin, with placeholders."""

    plugin: int
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EarlierText:
    """A text of the history, with its secrets."""

    text: str


Edit: TypeAlias = TextEdit | PluginEdit | EarlierText


@dataclass(frozen=True, slots=True)
class Checked:
    """`text` and `shown` are the same, with secrets and with placeholders."""

    text: str
    shown: str
    problems: list[Problem]
    """Their lines are those of `shown`."""
    difference: Difference
    gateway: Gateway | None = None
    """None: there are problems."""


@dataclass
class Editing:
    """For one gateway file.

    Args:
        serving: what serves now.
        config_of: the configuration text that a plugin gets.
    """

    path: Path
    engine: Engine
    serving: Callable[[], Gateway]
    config_of: Callable[[PluginEntry], str]
    native: bool = False
    secrets: Secrets = field(default_factory=Secrets)
    declarations: Declarations = field(default_factory=Declarations)

    def names(self) -> SecretNames:
        """The secret keys of the plugins that serve. Those of a plugin that an edit brings are known by their names."""
        return self.declarations.names(self.serving())

    def shown(self, text: str) -> str:
        """The text with placeholders."""
        return self.masked(text).text

    def masked(self, text: str) -> Masked:
        for name in variables(text):
            value = os.environ.get(name, "")
            if is_secret(name) and hides(value):
                self.secrets.placeholder(value, name)
        return masked(text, self.secrets, self.names())

    def effective(self) -> Any:
        """What serves, with all variables filled in, with placeholders."""
        gateway = self.serving()
        return masked_value(plain(gateway), (), self.secrets, self.declarations.names(gateway))

    def check(self, before: str, edit: Edit) -> Checked:
        """It takes as long as the plugins take to parse their configurations."""
        shown_before = self.shown(before)
        try:
            text, shown, problems = self._text(before, edit)
        except YamlError as error:
            assert not isinstance(edit, PluginEdit)  # the file itself is no YAML then, which `_text` says
            shown = edit.text if isinstance(edit, TextEdit) else self.shown(edit.text)
            changed = difference(shown_before, shown, self.path.name)
            return Checked(edit.text, shown, [Problem(error.line, (), str(error))], changed)
        changed = difference(shown_before, shown, self.path.name)
        gateway = None
        if not problems:
            try:
                gateway = self._gateway(text)
            except GatewayFileError as error:
                problems = self._located(error, text, shown)
        return Checked(text, shown, problems, changed, gateway)

    def problems_of(self, text: str, shown: str) -> list[Problem]:
        """What is wrong with a text as such; plugins are not asked."""
        try:
            GatewayText(text, self.path, self.engine).read()
        except GatewayFileError as error:
            return self._located(error, text, shown)
        return []

    def _gateway(self, text: str) -> Gateway:
        """Raises `GatewayFileError`."""
        source = GatewayText(text, self.path, self.engine)
        gateway = source.read()
        refuse_restarts(source, self.serving(), gateway)
        check_configurations(gateway, source, self.config_of, native=self.native)
        return gateway

    def _text(self, before: str, edit: Edit) -> tuple[str, str, list[Problem]]:
        """The text with secrets, and as it is shown; and placeholders that stand for nothing. Raises `YamlError`."""
        match edit:
            case EarlierText(text):
                return text, self.shown(text), []
            case TextEdit(text):
                if "\r\n" in before and "\r" not in text:  # editors in a browser know no other end of a line
                    text = text.replace("\n", "\r\n")
                found = unmasked(text, self.secrets, before)
                return found.text, self.shown(found.text), found.problems
            case PluginEdit(index, config):
                return self._with_config(before, index, config)

    def _with_config(self, before: str, index: int, config: dict[str, Any]) -> tuple[str, str, list[Problem]]:
        place: Place = ("plugins", index, "config")
        problems = [*unknown(config, self.secrets, before, place)]
        try:
            text = spliced(before, place, unmasked_value(config, self.secrets))
        except SpliceError as error:
            return before, self.shown(before), [Problem(1, place, str(error))]
        except YamlError as error:
            return before, self.shown(before), [Problem(error.line, (), str(error))]
        shown = self.shown(text)
        lines = parse(shown, {})
        return text, shown, [Problem(lines.line(each.place), each.place, each.message) for each in problems]

    def _located(self, error: GatewayFileError, text: str, shown: str) -> list[Problem]:
        """The problems with the lines of the text that is shown, where a secret of several lines has one."""
        if not error.problems:
            return [Problem(1, (), str(error))]
        if text.count("\n") == shown.count("\n"):
            return [*error.problems]
        lines = parse(shown, {})
        return [Problem(lines.line(each.place), each.place, each.message) for each in error.problems]


_EXPECTED: Final = re.compile(r"(?:\bexpected |\bmust be )(one of [^;]*?|[^;,]+?)(?=, got |;|$)")
_KNOWN: Final = re.compile(r"\b(?:Known|there) are:? ([^;]+)$")


def expected(message: str) -> str | None:
    """What a message of a problem says that is expected.

    >>> expected("must be one of 'openai', 'qwen', got 'x'")
    "one of 'openai', 'qwen'"
    >>> expected("unknown provider; Known are: openai, qwen")
    'one of openai, qwen'
    """
    if (found := _EXPECTED.search(message)) is not None:
        return found[1].strip()
    return None if (known := _KNOWN.search(message)) is None else f"one of {known[1].strip()}"
