"""The keys that providers with a protocol of their own add."""

# `key` makes a dataclass field, as `dataclasses.field` does

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from ..schema import Given, Idle, Is, Kind, Need, Not, Rule, Text, key
from .common import Settings
from .texts import HOST, host_of_url

NATIVE: Final = Given("hunyuan_auth_id")
"""Hunyuan with Tencent Cloud's own protocol."""

_PRINTABLE: Final = (Text("[^ -~]", "must have printable ASCII characters only", forbidden=True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class HunyuanSettings(Settings):
    """Keys of Hunyuan."""

    hunyuan_auth_id: str = key(
        Kind.STRING,
        "SecretId as Tencent Cloud issues it, for its own protocol; without it, the OpenAI-compatible one",
        default="",
        secret=True,
        length=36,
        texts=_PRINTABLE,
        example="AKID" + "x" * 32,
    )
    hunyuan_auth_key: str = key(
        Kind.STRING,
        "SecretKey that belongs to it",
        default="",
        secret=True,
        length=32,
        texts=_PRINTABLE,
        example="x" * 32,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Need("hunyuan_auth_id", Given("hunyuan_auth_key"), ": it belongs to hunyuanAuthKey"),
        Need("hunyuan_auth_key", NATIVE, ": it belongs to hunyuanAuthId"),
    )


BOT_TYPES = ("Chat", "Agent", "Completion", "Workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifySettings(Settings):
    """Keys of Dify."""

    dify_api_url: str = key(
        Kind.STRING, "address of a Dify of your own; its path does not matter", default="", convert=host_of_url
    )
    bot_type: str = key(Kind.STRING, "what kind of app it is", choices=BOT_TYPES, example="Chat")
    input_variable: str = key(Kind.STRING, "variable that a workflow gets the conversation in", default="query")
    output_variable: str = key(Kind.STRING, "variable that a workflow gives its answer in", default="text")

    rules: ClassVar[tuple[Rule, ...]] = (
        Idle(
            ("input_variable", "output_variable"),
            "only workflows have variables; remove it, or set botType to Workflow",
            Not(Is("bot_type", "Workflow")),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeeplSettings(Settings):
    """Keys of DeepL."""

    target_lang: str = key(Kind.STRING, "language to translate to, such as `DE` or `EN-US`", example="DE")


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonSettings(Settings):
    """Keys of Triton."""

    triton_domain: str = key(Kind.STRING, "host of the server", texts=HOST, example="triton.internal:8000")
    triton_model_version: str = key(Kind.STRING, "version of the model; without it, the server chooses", default="")
