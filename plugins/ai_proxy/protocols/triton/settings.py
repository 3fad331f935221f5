"""The keys that Triton adds."""

from __future__ import annotations

from dataclasses import dataclass

from proxywasm.config import key

from ...config.settings.common import Settings
from ...config.settings.texts import HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class TritonSettings(Settings):
    """Keys of Triton."""

    triton_domain: str = key(
        "host of the server; by default the client's",
        default="",
        patterns=HOST,
        expected="requests keep the host that the client has asked for",
        example="triton.internal:8000",
    )
    triton_model_version: str = key("version of the model; by default the server chooses", default="")
