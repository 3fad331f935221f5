"""The keys of a provider object: those of every provider in `common`, those that one type adds beside it."""

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
