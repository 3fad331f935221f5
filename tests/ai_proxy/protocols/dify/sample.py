"""Dify: an app that chats, and a workflow for the tests of all services."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.sample import Sample, same

DIFY: Final[Json] = {"type": "dify", "apiTokens": ["app-1"], "botType": "Chat"}
WORKFLOW: Final[Json] = {**DIFY, "botType": "Workflow", "inputVariable": "in", "outputVariable": "out"}

SAMPLES: Final = {
    "dify": Sample(
        config=DIFY,
        error=({"event": "error", "status": 400, "code": "invalid_param", "message": "no query"}, 400, "no query"),
        chunks=[
            {"event": "message", "conversation_id": "c", "answer": "Hi"},
            {"event": "agent_thought", "conversation_id": "c", "thought": "hm"},
            {"event": "ping"},
            {"event": "agent_message", "conversation_id": "c", "answer": " there"},
            {"event": "message_end", "conversation_id": "c", "metadata": {"usage": {"prompt_tokens": 1}}},
        ],
        parameters={"user": ("user", same)},
        instructions=("query",),
        transcript="query",
        only_chat=True,
    ),
    "workflow": Sample(
        config=WORKFLOW,
        error=(
            {"event": "workflow_finished", "data": {"status": "failed", "error": "node broke", "outputs": None}},
            502,
            "node broke",
        ),
        chunks=[
            {"event": "workflow_started", "data": {"workflow_id": "w"}},
            {"event": "node_finished", "data": {"outputs": {"out": "draft"}}},
            {"event": "workflow_finished", "data": {"workflow_id": "w", "outputs": {"out": "Hi there"}}},
        ],
        parameters={"user": ("user", same)},
        instructions=("inputs", "in"),
        only_chat=True,
    ),
}
