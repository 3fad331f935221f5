"""The keys of a provider object: `common` has those of every provider, the other modules those of single types."""

from .common import ContextFile, CustomSetting, Settings
from .converting import DeeplSettings, DifySettings, HunyuanSettings, TritonSettings
from .openai_compatible import (
    AzureSettings,
    CloudflareSettings,
    DoubaoSettings,
    GenericSettings,
    KlingSettings,
    LongcatSettings,
    MinimaxSettings,
    MoonshotSettings,
    OllamaSettings,
    OpenAISettings,
    VllmSettings,
    ZhipuSettings,
)
from .qwen import QwenSettings

__all__ = [
    "AzureSettings",
    "CloudflareSettings",
    "ContextFile",
    "CustomSetting",
    "DeeplSettings",
    "DifySettings",
    "DoubaoSettings",
    "GenericSettings",
    "HunyuanSettings",
    "KlingSettings",
    "LongcatSettings",
    "MinimaxSettings",
    "MoonshotSettings",
    "OllamaSettings",
    "OpenAISettings",
    "QwenSettings",
    "Settings",
    "TritonSettings",
    "VllmSettings",
    "ZhipuSettings",
]
