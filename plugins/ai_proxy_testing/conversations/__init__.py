"""Conversations that clients may have, as hypothesis strategies: requests in all protocols of clients.

A conversation is generated once, with what any client and service may have said in it, and written in any of the
protocols. So its turns may come from several services: ids, names and thinking are those of any of them.
"""

from .anthropic_requests import anthropic_request
from .drawn import conversations
from .openai_requests import openai_request
from .parts import PDF, PNG
from .responses_requests import responses_request
from .turns import Call, Conversation, Turn

__all__ = [
    "PDF", "PNG", "Call", "Conversation", "Turn", "anthropic_request", "conversations", "openai_request",
    "responses_request",
]  # fmt: skip
