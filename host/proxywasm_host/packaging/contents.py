"""What an image says of its plugin: `spec.yaml` for Higress' console, and a README.

The format is that of Higress' "Wasm Plugin Image Specification", version 1.0.0.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from proxywasm import config

from .image import File, Image
from .metadata import Metadata
from .openapi import config_schema
from .settings import Declarations

SPEC_TYPE: Final = "application/vnd.module.wasm.spec.v1+yaml"
README_TYPE: Final = "application/vnd.module.wasm.doc.v1+markdown"


def image_of(name: str, module: bytes, declared: Declarations, metadata: Metadata, readme: str = "") -> Image:
    """The image of a plugin. `readme`: Markdown; by default it is made of the plugin's settings."""
    spec = spec_yaml(name, declared, metadata)
    files = (
        File("spec.yaml", SPEC_TYPE, spec.encode()),
        File("README.md", README_TYPE, (readme or _readme(name, declared)).encode()),
    )
    annotations = {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": metadata.version,
    }
    return Image(module, files, metadata.version, annotations)


def spec_yaml(name: str, declared: Declarations, metadata: Metadata) -> str:
    document: dict[str, Any] = {
        "apiVersion": "1.0.0",
        "info": {
            "category": metadata.category,
            "name": f"{name}/v{metadata.version.partition('.')[0].removeprefix('v')}",
            "title": name,
            "description": _description(declared) or name,
            "version": metadata.version,
        },
        "spec": {
            "phase": metadata.phase,
            "priority": metadata.priority,
            "configSchema": {"openAPIV3Schema": config_schema(name, declared)},
        },
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text


def _description(declared: Declarations) -> str:
    if declared.settings is None:
        return ""
    described: str = config.json_schema(declared.settings).get("description", "")
    return described


def _readme(name: str, declared: Declarations) -> str:
    if declared.settings is None:
        return f"# {name}\n"
    parts = [f"# {name}\n\n", config.markdown(declared.settings)]
    if declared.rule is not None and declared.rule is not declared.settings:
        parts += ["\n## Rules\n\n", config.markdown(declared.rule)]
    return "".join(parts)
