"""What an image says of its plugin: `spec.yaml` for Higress' console, and a README.

The format is that of Higress' "Wasm Plugin Image Specification", version 1.0.0.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from proxywasm import config

from .image import File, Image
from .metadata import Metadata
from .openapi import Schema, config_schema
from .settings import Declarations

SPEC_TYPE: Final = "application/vnd.module.wasm.spec.v1+yaml"
README_TYPE: Final = "application/vnd.module.wasm.doc.v1+markdown"


class _Dumper(yaml.SafeDumper):
    """Writes each value where it belongs, instead of a reference to another one."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def image_of(name: str, module: bytes, schema: Schema | None, metadata: Metadata, readme: str) -> Image:
    """The image of a plugin.

    Args:
        schema: the JSON Schema of the configuration; None: the plugin does not say what it is.
        readme: Markdown.
    """
    spec = spec_yaml(name, schema, metadata)
    files = (
        File("spec.yaml", SPEC_TYPE, spec.encode()),
        File("README.md", README_TYPE, readme.encode()),
    )
    annotations = {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": metadata.version,
    }
    return Image(module, files, metadata.version, annotations)


def spec_yaml(name: str, schema: Schema | None, metadata: Metadata) -> str:
    document: dict[str, Any] = {
        "apiVersion": "1.0.0",
        "info": {
            "category": metadata.category,
            "name": f"{name}/v{metadata.version.partition('.')[0].removeprefix('v')}",
            "title": name,
            "description": (schema or {}).get("description") or name,
            "version": metadata.version,
        },
        "spec": {
            "phase": metadata.phase,
            "priority": metadata.priority,
            "configSchema": {"openAPIV3Schema": config_schema(schema)},
        },
    }
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def readme_of(name: str, declared: Declarations) -> str:
    """A README with tables of the keys that the plugin declares."""
    if declared.settings is None:
        return f"# {name}\n"
    parts = [f"# {name}\n\n", config.markdown(declared.settings)]
    if declared.rule is not None and declared.rule is not declared.settings:
        parts += ["\n## Rules\n\n", config.markdown(declared.rule)]
    return "".join(parts)
