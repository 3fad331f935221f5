"""Callbacks are checked when they are registered, and a source when it is loaded, before there is any request."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from tests.bundle import BEHAVIOURS
from tests.sdk.behaviours import registration

from proxywasm import HttpContext, Plugin
from proxywasm.adapters.native import load_plugin
from proxywasm.loading import PluginNotFoundError
from proxywasm.testing import PluginHosts, PluginImportError, TestHost
from proxywasm_host.building.build import BuildError, build

ERRORS = {
    "pre_start_or_reload": "nothing() does not fit pre_start_or_reload, which calls nothing(context)",
    "parse_config": "two(ctx, config) does not fit parse_config, which calls two(document)",
    "parse_override_config": "one(ctx) does not fit parse_override_config, which calls one(rule, global_config)",
    "on_tick": "two(ctx, config) does not fit on_tick, which calls two(context)",
    "on_request_headers": "one(ctx) does not fit on_request_headers, which calls one(ctx, config)",
    "on_request_body": "two(ctx, config) does not fit on_request_body, which calls two(ctx, config, body)",
    "on_streaming_request_body": "three(ctx, config, body) does not fit on_streaming_request_body, which calls "
    "three(ctx, config, chunk, last_chunk)",
    "on_response_headers": "three(ctx, config, body) does not fit on_response_headers, which calls three(ctx, config)",
    "on_response_body": "four(ctx, config, chunk, last_chunk) does not fit on_response_body, which calls "
    "four(ctx, config, body)",
    "on_response_too_large": "three(ctx, config, body) does not fit on_response_too_large, which calls "
    "three(ctx, config)",
    "on_streaming_response_body": "three(ctx, config, body) does not fit on_streaming_response_body, which calls "
    "three(ctx, config, chunk, last_chunk)",
    "on_request_trailers": "one(ctx) does not fit on_request_trailers, which calls one(ctx, config)",
    "on_response_trailers": "three(ctx, config, body) does not fit on_response_trailers, which calls "
    "three(ctx, config)",
    "on_response_broken": "one(ctx) does not fit on_response_broken, which calls one(ctx, config)",
    "on_stream_done": "needs_a_name(ctx, config, name=) does not fit on_stream_done, which calls "
    "needs_a_name(ctx, config)",
    "partial": "two(config) does not fit on_stream_done, which calls two(ctx, config)",
    "register_tick": "one(ctx) does not fit register_tick, which calls one()",
    "filter_tracebacks": "two(ctx, config) does not fit filter_tracebacks, which calls two(text)",
    "second": "with_more is a second callback for on_stream_done, beside registration.py: two; "
    "only one can be called: register one function that does both",
    "second read-only": "four is a second callback for on_streaming_response_body, beside registration.py: four; "
    "only one can be called: register one function that does both",
}
"""Behind file and line."""


def without_lines(text: str) -> str:
    return re.sub(r"\S*(registration\.py):\d+: ", r"\1: ", text)


def test_what_does_not_fit_is_refused_with_file_line_function_and_what_is_expected(plugin_host: PluginHosts) -> None:
    host = plugin_host(BEHAVIOURS, {"do": "register"})
    reply = host.request().reply
    assert reply is not None
    errors: dict[str, str] = ast.literal_eval(reply.body.decode())
    kinds = {case: "ValueError" if "second" in case else "TypeError" for case in ERRORS}
    expected = {case: f"{kinds[case]}: registration.py: {message}" for case, message in ERRORS.items()}
    assert {case: without_lines(error) for case, error in errors.items()} == expected
    line = registration.one.__code__.co_firstlineno
    assert f"registration.py:{line}: one(ctx)" in errors["on_request_headers"]


def test_every_decorator_checks_what_it_gets() -> None:
    decorators = {name for name in vars(Plugin) if not name.startswith("_")}
    assert decorators <= ERRORS.keys()


TWICE = """
from proxywasm import Plugin

plugin = Plugin("first")


@plugin.on_request_headers
def first(ctx, config): ...


{name} = Plugin("second")


@{name}.on_request_headers
def second(ctx, config): ...
"""
SOURCES = {
    "a name of its own": (
        TWICE.format(name="other"),
        "makes 2 plugins, in lines 4 and 11, of which only one would run",
    ),
    "the same name": (TWICE.format(name="plugin"), "makes 2 plugins, in lines 4 and 11, of which only one would run"),
    "none": ("plugin = 1\n", "has no attribute `plugin` that is a proxywasm.Plugin"),
    "no callbacks": (
        "from proxywasm import Plugin\nplugin = Plugin('idle')\n",
        "the plugin 'idle' has no callbacks, so it would do nothing",
    ),
    "a callback that does not fit": (
        "from proxywasm import Plugin\nplugin = Plugin('p')\n@plugin.on_request_headers\ndef one(ctx): ...\n",
        "source.py:3: one(ctx) does not fit on_request_headers, which calls one(ctx, config)",
    ),
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    text, message = SOURCES[request.param]
    file = tmp_path / "source.py"
    file.write_text(text)
    return file, message


def test_a_test_host_refuses_the_source(source: tuple[Path, str]) -> None:
    file, message = source
    with pytest.raises(PluginImportError, match=re.escape(message)) as caught:
        TestHost(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"), [SOURCES["the same name"], SOURCES["none"], SOURCES["no callbacks"]], ids=str
)
def test_other_hosts_in_this_process_refuse_it(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / f"source_{abs(hash(text))}.py"  # loaded once in a process
    file.write_text(text)
    with pytest.raises(PluginNotFoundError, match=re.escape(message)):
        load_plugin(file)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", ["no callbacks", "the same name", "a callback that does not fit"])
def test_a_build_refuses_it(tmp_path: Path, case: str) -> None:
    text, message = SOURCES[case]
    file = tmp_path / "source.py"
    file.write_text(text)
    with pytest.raises(BuildError, match=re.escape(message)) as caught:
        build(file)
    assert str(file) in str(caught.value)


def test_plugins_of_other_files_are_none_of_this_source(tmp_path: Path) -> None:
    (tmp_path / "lower.py").write_text(TWICE.format(name="other").split("\n\n\n{", 1)[0].rpartition("\n\n\nother")[0])
    file = tmp_path / "upper.py"
    file.write_text(
        "import lower\nfrom proxywasm import Plugin\nplugin = Plugin('upper')\n"
        "plugin.on_request_headers(lambda ctx, config: ctx.request_headers.add('x-upper', lower.plugin.name))\n"
    )
    assert TestHost(file).request().upstream.headers["x-upper"] == "first"


def test_a_plugin_object_without_callbacks_is_refused_by_a_test_host() -> None:
    with pytest.raises(PluginNotFoundError, match="the plugin 'idle' has no callbacks"):
        TestHost(Plugin[Any]("idle"))


def test_plugins_that_a_function_makes_may_be_as_many_as_it_likes() -> None:
    def make(name: str) -> Plugin[Any]:
        plugin: Plugin[Any] = Plugin(name)

        @plugin.on_request_headers
        def mark(ctx: HttpContext, config: Any) -> None:
            ctx.request_headers["x-name"] = name

        return plugin

    assert [TestHost(make(name)).request().upstream.headers["x-name"] for name in "ab"] == ["a", "b"]
