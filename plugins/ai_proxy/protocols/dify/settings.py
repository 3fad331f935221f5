"""The keys that Dify adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from proxywasm.config import Is, NoEffect, Not, Rule, key

from ...config.settings.common import Settings
from ...config.settings.texts import host_of_url

BOT_TYPES = ("Chat", "Agent", "Completion", "Workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifySettings(Settings):
    """Keys of Dify."""

    dify_api_url: str = key(
        "address of a self-hosted Dify; only host and port are used", str, default="", convert=host_of_url
    )
    bot_type: str = key(
        "type of the Dify app",
        default="Chat",
        choices=BOT_TYPES,
        expected="requests are sent as to an app of type Chat",
        example="Chat",
    )
    input_variable: str = key("input variable of a workflow, for the conversation", default="query")
    output_variable: str = key("output variable of a workflow, for its answer", default="text")

    rules: ClassVar[tuple[Rule, ...]] = (
        NoEffect(
            ("input_variable", "output_variable"),
            "only workflows have variables; remove it, or set botType to Workflow",
            Not(Is("bot_type", "Workflow")),
        ),
    )
