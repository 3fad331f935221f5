"""The keys of a provider object: those of every provider in `common`, those of OpenAI-compatible ones beside it.

Keys of a provider with a protocol of its own lie in the folder of that protocol.
"""

from .common import ContextFile, CustomSetting, Settings
from .openai_compatible import (
    AzureSettings,
    CloudflareSettings,
    DatabricksSettings,
    DoubaoSettings,
    FoundrySettings,
    GenericSettings,
    LongcatSettings,
    MoonshotSettings,
    OllamaSettings,
    OpenAISettings,
    ServerSettings,
    VllmSettings,
    ZhipuSettings,
)

__all__ = [
    "AzureSettings",
    "CloudflareSettings",
    "ContextFile",
    "CustomSetting",
    "DatabricksSettings",
    "DoubaoSettings",
    "FoundrySettings",
    "GenericSettings",
    "LongcatSettings",
    "MoonshotSettings",
    "OllamaSettings",
    "OpenAISettings",
    "ServerSettings",
    "Settings",
    "VllmSettings",
    "ZhipuSettings",
]
