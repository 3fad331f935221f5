"""What an author may declare. Mistakes are errors where settings are first used, which is when a plugin is built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, make_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from proxywasm import config
from proxywasm.config import Exclusive, Given, Is, Kind, NoEffect, Required, key
from proxywasm.config.annotations import type_of

untyped_key: Any = key
SDK = Path(__file__).parents[3] / "sdk"


@dataclass(frozen=True)
class Inner:
    text: str = ""


@dataclass(frozen=True)
class Tree:
    children: tuple[Tree, ...] = ()


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (str, Kind.STRING),
        (str | None, Kind.STRING),
        (Literal["a", "b"], Kind.STRING),
        (bool, Kind.BOOLEAN),
        (int, Kind.INTEGER),
        (float, Kind.NUMBER),
        (tuple[str, ...], Kind.STRINGS),
        (Sequence[str], Kind.STRINGS),
        (tuple[Literal["a"], ...], Kind.STRINGS),
        (tuple[int, ...], Kind.INTEGERS),
        (tuple[float, ...], Kind.NUMBERS),
        (tuple[Inner, ...], Kind.OBJECTS),
        (dict[str, str], Kind.STRING_MAP),
        (Mapping[str, bool], Kind.BOOLEAN_MAP),
        (dict[str, int], Kind.INTEGER_MAP),
        (dict[str, float], Kind.NUMBER_MAP),
        (dict[str, Inner], Kind.OBJECT_MAP),
        (dict[str, Any], Kind.OBJECT),
        (dict, Kind.OBJECT),
        (Inner, Kind.OBJECT),
        (Inner | None, Kind.OBJECT),
        (Any, Kind.ANY),
        (Kind.DOCUMENT, Kind.DOCUMENT),
    ],
    ids=repr,
)
def test_the_type_of_a_field_says_what_its_value_is(hint: Any, kind: Kind) -> None:
    assert config.keys_of(config.Table("T", {"k": key("a key", hint)}))["k"].kind is kind


@pytest.mark.parametrize(
    "hint",
    [
        list[str],
        set[str],
        bytes,
        str | int,
        tuple[str, int],
        tuple[bool, ...],
        dict[int, str],
        dict[str, Literal["a"]],
        tuple[tuple[str, ...], ...],
        Literal[1, 2],
        3.5,
    ],
    ids=repr,
)
def test_other_types_are_refused(hint: Any) -> None:
    with pytest.raises(TypeError, match=r"T\.k: .* cannot be read from JSON"):
        config.reader(make_dataclass("T", [("k", hint, key("a key"))], frozen=True))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (key("", int, length=3), "T.k: length means nothing for a key of type integer"),
        (key("", str, minimum=3), "T.k: minimum means nothing for a key of type string"),
        (key("", tuple[str, ...], choices=("a",)), "T.k: choices means nothing for a key of type array of strings"),
        (key("", bool, patterns=(config.Pattern("a", "b"),)), "T.k: patterns means nothing for a key of type boolean"),
        (key("", int, names=("a",)), "T.k: names means nothing for a key of type integer"),
        (key("", tuple[str, ...], trim=True), "T.k: trim means nothing for a key of type array of strings"),
        (key("", str, trim=True, choices=("a",)), "T.k: trim cannot be combined with choices"),
        (key("", Kind.OBJECTS), "T.k: a key of type array of objects needs a dataclass or a Table"),
        (key("", str, name="_k"), "T.k: a key cannot be called _k"),
        (key("", str, aliases=("_k",)), "T.k: a key cannot be called _k"),
        (key("", str, aliases=("k",)), "T: k and k are both called k"),
        (key(""), r"T.k: None cannot be read from JSON"),
        (untyped_key("", str, patterns=("^a",)), r"T.k: patterns must be a tuple of Pattern, got \('\^a',\)"),
        (key("", str, patterns=(config.Pattern("(", "b"),)), r"T.k: the pattern '\(' cannot be read: missing \)"),
        (untyped_key("", str, aliases="old"), "T.k: aliases must be a tuple of str, got 'old'"),
        (untyped_key("", str, choices="ab"), "T.k: choices must be a tuple of str, got 'ab'"),
        (untyped_key("", dict[str, int], names="ab"), "T.k: names must be a tuple of str, got 'ab'"),
        (key("", int, default="5"), "T.k: the default of this integer is of type str"),
        (key("", int, default=True), "T.k: the default of this integer is of type bool"),
        (key("", float, default=False), "T.k: the default of this number is of type bool"),
        (key("", bool, default=0), "T.k: the default of this boolean is of type int"),
        (key("", str, default=()), "T.k: the default of this string is of type tuple"),
    ],
)
def test_options_that_mean_nothing_are_refused(item: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        config.reader(config.Table("T", {"k": item}))


@pytest.mark.parametrize(
    "item",
    [
        key("", int, default=None),
        key("", float, default=1),
        key("", str, default=7, convert=int),
        key("", tuple[str, ...], default=frozenset()),
        key("", Any, default="text"),
    ],
)
def test_defaults_that_a_key_may_have(item: Any) -> None:
    assert config.read({}, config.Table("T", {"k": item})) == {"k": item.default}


@pytest.mark.parametrize("default", [[], {}, set()])
def test_defaults_that_all_settings_would_share_are_refused(default: Any) -> None:
    with pytest.raises(TypeError, match=rf"share a {type(default).__name__} as default; use factory="):
        key("", default=default)


def test_a_key_has_one_default() -> None:
    with pytest.raises(TypeError, match="a default or a factory, not both"):
        key("", default=(), factory=tuple)


@pytest.mark.parametrize(
    "rule",
    [
        Required("x"),
        Required("k", Given("x")),
        Exclusive("k", "x"),
        NoEffect(("k", "x"), "why"),
        NoEffect(("k",), "why", config.Not(config.All((Is("x", 1),)))),
    ],
    ids=repr,
)
def test_rules_about_fields_that_do_not_exist_are_refused(rule: Any) -> None:
    with pytest.raises(TypeError, match=r"T\.rules: there is no field x"):
        config.reader(config.Table("T", {"k": key("", str)}, rules=(rule,)))


def test_mistakes_in_objects_inside_are_found_as_early() -> None:
    inner = config.Table("Inner", {"k": key("", list[str])})
    with pytest.raises(TypeError, match=r"Inner\.k: list\[str\] cannot be read from JSON"):
        config.reader(config.Table("T", {"inner": key("", inner)}))


@pytest.mark.parametrize("what", [dict, 7, object])
def test_what_is_no_declaration_is_refused(what: Any) -> None:
    with pytest.raises(TypeError, match="settings are a dataclass or a Table, got"):
        config.reader(what)


def test_a_table_is_made_of_keys() -> None:
    with pytest.raises(TypeError, match=r"Table T: k must be made with key\(\.\.\.\), got str"):
        config.Table("T", {"k": "text"})


def test_types_that_cannot_be_looked_up_are_named() -> None:
    @dataclass
    class Local:
        text: Nowhere  # type: ignore[name-defined]  # noqa: F821  # that is the mistake

    with pytest.raises(TypeError, match=r"Local\.text: the type Nowhere has the name Nowhere, which its module"):
        config.reader(Local)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("str | None", str | None),
        ("tuple[str, ...]", tuple[str, ...]),
        ("Mapping[str, dict[str, Inner]] | None", Mapping[str, dict[str, Inner]] | None),
        ("Literal['a', \"b|[c]\", '']", Literal["a", "b|[c]", ""]),
        ("'Inner | None'", Inner | None),
        ("config.Kind", Kind),
        (" dict [ str , Any ] ", dict[str, Any]),
    ],
)
def test_types_that_are_text_are_read_without_pythons_compiler(text: str, hint: Any) -> None:
    made = make_dataclass("T", [("k", text)], namespace={"__module__": __name__})
    assert type_of(made, fields(made)[0]) == hint


@pytest.mark.parametrize("text", ["", "tuple[", "tuple[str", "str]", "str |", "f()", "1", "Literal[1]", "tuple[str,]]"])
def test_types_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(TypeError, match=r"T\.k: the type .* cannot be read"):
        config.reader(make_dataclass("T", [("k", text)], namespace={"__module__": __name__}))


def test_keys_may_be_called_as_what_a_class_says_of_itself() -> None:
    @dataclass(frozen=True)
    class Odd:
        rules: tuple[str, ...] = ()
        naming: str = "n"
        str: int = 1

    assert config.read({"rules": ["a"], "str": 2}, Odd) == Odd(("a",), "n", 2)


def test_names_in_camel_case_are_inherited_as_rules_are() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Base:
        naming: ClassVar[config.Naming] = config.Naming.CAMEL_CASE
        api_token: str = ""
        rules: ClassVar[tuple[config.Rule, ...]] = (Required("api_token"),)

    @dataclass(frozen=True, kw_only=True)
    class More(Base):
        max_count: int = 0
        as_it_is: int = key(default=0, name="as_it_is")
        rules: ClassVar[tuple[config.Rule, ...]] = (Required("max_count"),)

    assert [str(one) for one in config.problems({"as_it_is": 1}, More)] == [
        "apiToken: is required",
        "maxCount: is required",
    ]


def test_objects_may_have_objects_of_their_own_kind() -> None:
    assert config.read({"children": [{"children": []}]}, Tree) == Tree((Tree(),))
    assert config.json_schema(Tree)["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}


def test_a_plugin_does_not_load_what_makes_schemas_and_documentation() -> None:
    code = f"import sys; sys.path.insert(0, {str(SDK)!r}); import proxywasm; print(*sorted(sys.modules))"
    plain = loaded(code)
    assert "proxywasm.config" not in plain
    more = loaded(code.replace("import proxywasm;", "import proxywasm.config;")) - plain
    assert {name for name in more if not name.startswith("proxywasm.config")} == {"difflib", "heapq", "_heapq"}
    assert not any(name.startswith("proxywasm.config.generate") for name in more)


def loaded(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
