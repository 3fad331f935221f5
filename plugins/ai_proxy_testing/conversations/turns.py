"""What a conversation has in it, in no protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..problems import Json


@dataclass
class Call:
    id: str
    name: str
    arguments: Json
    result: str
    failed: bool
    files: list[str] = field(default_factory=list)
    """Files in the result, as `parts` has them."""


@dataclass
class Turn:
    """What the user says, and the answer, which may call tools; then their results are there, too."""

    texts: list[str]
    files: list[str]
    answer: str
    thinking: str
    signature: str
    calls: list[Call]
    instruction: str = ""
    """A message of the system in front of the turn, in the middle of the conversation."""
    refusal: str = ""
    """A refusal in place of the answer."""
    redacted: bool = False
    """There is encrypted thinking beside the other."""
    remark: str = ""
    """What the user says beside the results of the calls."""


@dataclass
class Conversation:
    system: str
    turns: list[Turn]
    last: str
    """What the user says at the end. Empty: the last turn is the end, with results or an answer to continue."""
    tools: list[tuple[str, Any]]
    """Name and schema of each."""
    choice: Any
    settings: Json = field(default_factory=dict)
    """In the words of OpenAI's protocol: `stop`, `user`, `schema`, `temperature`, ..."""

    @property
    def named_tool(self) -> str:
        """The tool that `tool_choice` names, which may not be there."""
        return "missing" if self.choice == "missing" else self.tools[0][0] if self.tools else "nothing"
