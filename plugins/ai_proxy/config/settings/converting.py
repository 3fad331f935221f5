"""The keys that Hunyuan, Dify, DeepL and Triton add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from proxywasm.config import Given, Is, NoEffect, Not, Pattern, Required, Rule, key

from .common import Settings
from .texts import HOST, host_of_url

NATIVE: Final = Given("hunyuan_auth_id")
"""Hunyuan with Tencent Cloud's own protocol."""

_PRINTABLE: Final = (Pattern("[^ -~]", "must have printable ASCII characters only", forbidden=True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class HunyuanSettings(Settings):
    """Keys of Hunyuan."""

    hunyuan_auth_id: str = key(
        "SecretId of Tencent Cloud, for its own protocol; without it, requests use the OpenAI-compatible protocol",
        default="",
        secret=True,
        length=36,
        patterns=_PRINTABLE,
        example="AKID" + "x" * 32,
    )
    hunyuan_auth_key: str = key(
        "SecretKey that belongs to `hunyuanAuthId`",
        default="",
        secret=True,
        length=32,
        patterns=_PRINTABLE,
        example="x" * 32,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Required("hunyuan_auth_id", Given("hunyuan_auth_key"), ": it belongs to hunyuanAuthKey"),
        Required("hunyuan_auth_key", NATIVE, ": it belongs to hunyuanAuthId"),
    )


BOT_TYPES = ("Chat", "Agent", "Completion", "Workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifySettings(Settings):
    """Keys of Dify."""

    dify_api_url: str = key(
        "address of a self-hosted Dify; only host and port are used", str, default="", convert=host_of_url
    )
    bot_type: str = key("type of the Dify app", choices=BOT_TYPES, example="Chat")
    input_variable: str = key("input variable of a workflow, for the conversation", default="query")
    output_variable: str = key("output variable of a workflow, for its answer", default="text")

    rules: ClassVar[tuple[Rule, ...]] = (
        NoEffect(
            ("input_variable", "output_variable"),
            "only workflows have variables; remove it, or set botType to Workflow",
            Not(Is("bot_type", "Workflow")),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeeplSettings(Settings):
    """Keys of DeepL."""

    target_lang: str = key("target language, such as `DE` or `EN-US`", example="DE")


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonSettings(Settings):
    """Keys of Triton."""

    triton_domain: str = key("host of the server", patterns=HOST, example="triton.internal:8000")
    triton_model_version: str = key("version of the model; by default the server chooses", default="")
