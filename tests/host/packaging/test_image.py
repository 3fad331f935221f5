"""Image layouts follow the OCI specification, and have what Higress' and Istio's loaders look for.

The rules are those of image-layout.md, image-index.md, manifest.md, descriptor.md and config.md of the OCI image
specification 1.1, of Istio's `imagefetcher.go`, and of Higress' "Wasm Plugin Image Specification".
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from proxywasm.adapters.native import load_plugin
from proxywasm_host.cli.main import main
from proxywasm_host.packaging.contents import image_of, readme_of
from proxywasm_host.packaging.image import PackageError, write_layout
from proxywasm_host.packaging.metadata import Metadata
from proxywasm_host.packaging.settings import declarations, schema_of

ROOT = Path(__file__).parents[3]
MODULE = b"\0asm\1\0\0\0" + bytes(range(256)) * 50
DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")


def write(folder: Path, plugin: str = "key_auth", module: bytes = MODULE, **metadata: Any) -> str:
    source = ROOT / "plugins" / plugin
    loaded = load_plugin(source)
    readme = readme_of(loaded.name, declarations(loaded))
    return write_layout(image_of(loaded.name, module, schema_of(loaded, source), Metadata(**metadata), readme), folder)


def blob(folder: Path, descriptor: dict[str, Any]) -> bytes:
    """The content that a descriptor names, if it keeps the rules of descriptors."""
    assert DIGEST.fullmatch(descriptor["digest"])
    assert MEDIA_TYPE.fullmatch(descriptor["mediaType"])
    assert all(isinstance(value, str) for value in descriptor.get("annotations", {}).values())
    content = Path(folder, "blobs", "sha256", descriptor["digest"][7:]).read_bytes()
    assert descriptor["size"] == len(content)
    assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    return content


def manifest_of(folder: Path) -> dict[str, Any]:
    index = json.loads((folder / "index.json").read_bytes())
    (descriptor,) = index["manifests"]
    found: dict[str, Any] = json.loads(blob(folder, descriptor))
    return found


def test_the_layout_follows_the_specification(tmp_path: Path) -> None:
    folder = tmp_path / "image"
    digest = write(folder, version="1.2.3")
    assert {path.name for path in folder.iterdir()} == {"blobs", "index.json", "oci-layout"}
    assert json.loads((folder / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((folder / "index.json").read_bytes())
    assert (index["schemaVersion"], index["mediaType"]) == (2, "application/vnd.oci.image.index.v1+json")
    (descriptor,) = index["manifests"]
    assert descriptor["digest"] == digest
    assert descriptor["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert descriptor["annotations"] == {"org.opencontainers.image.ref.name": "1.2.3"}


def test_the_manifest_and_the_configuration_follow_the_specification(tmp_path: Path) -> None:
    write(tmp_path / "image")
    manifest = manifest_of(tmp_path / "image")
    assert (manifest["schemaVersion"], manifest["mediaType"]) == (2, "application/vnd.oci.image.manifest.v1+json")
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    config = json.loads(blob(tmp_path / "image", manifest["config"]))
    assert isinstance(config["architecture"], str)
    assert isinstance(config["os"], str)
    assert config["rootfs"]["type"] == "layers"
    uncompressed = [
        gzip.decompress(content) if layer["mediaType"].endswith("+gzip") else content
        for layer in manifest["layers"]
        for content in [blob(tmp_path / "image", layer)]
    ]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in uncompressed]


def test_every_blob_is_referred_to(tmp_path: Path) -> None:
    digest = write(tmp_path / "image")
    manifest = manifest_of(tmp_path / "image")
    named = {digest, manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
    assert {f"sha256:{path.name}" for path in (tmp_path / "image" / "blobs" / "sha256").iterdir()} == named


def test_istio_finds_the_module(tmp_path: Path) -> None:
    """It reads the last layer, which has this media type, and looks for the first file of this name."""
    write(tmp_path / "image")
    manifest = manifest_of(tmp_path / "image")
    last = manifest["layers"][-1]
    assert last["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
    with tarfile.open(fileobj=io.BytesIO(blob(tmp_path / "image", last)), mode="r:gz") as archive:
        (entry,) = archive.getmembers()
        assert Path(entry.name).name == "plugin.wasm"
        content = archive.extractfile(entry)
        assert content is not None
        assert content.read() == MODULE
    assert manifest["annotations"]["module.wasm.image/variant"] == "compat"


def test_higress_finds_one_file_in_each_layer(tmp_path: Path) -> None:
    write(tmp_path / "image")
    layers = manifest_of(tmp_path / "image")["layers"]
    assert [layer["mediaType"] for layer in layers] == [
        "application/vnd.module.wasm.spec.v1+yaml",
        "application/vnd.module.wasm.doc.v1+markdown",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    ]
    spec = yaml.safe_load(blob(tmp_path / "image", layers[0]))
    assert spec["apiVersion"] == "1.0.0"
    assert spec["info"]["name"] == "key-auth/v0"
    assert spec["info"]["version"] == "0.1.0"
    assert spec["spec"]["phase"] == "UNSPECIFIED_PHASE"
    readme = blob(tmp_path / "image", layers[1]).decode()
    assert readme.startswith("# key-auth\n")
    assert "`credential`" in readme


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(tmp_path / name)
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second


def test_another_module_or_version_is_another_image(tmp_path: Path) -> None:
    digests = [
        write(tmp_path / "a"),
        write(tmp_path / "b", module=MODULE + b"\0"),
        write(tmp_path / "c", version="2.0.0"),
        write(tmp_path / "d", plugin="ai_statistics"),
    ]
    assert len(set(digests)) == 4


def test_what_lies_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(PackageError, match="is there already"):
        write(tmp_path)
    assert (tmp_path / "mine").read_text() == "kept"
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]


@pytest.mark.parametrize("version", ["", "1.0 beta", "v/1", "x" * 129, "-1"])
def test_a_version_has_to_be_a_tag(tmp_path: Path, version: str) -> None:
    with pytest.raises(PackageError, match="cannot be a tag"):
        write(tmp_path / "image", version=version)


def test_an_image_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PackageError, match="cannot be written"):
        write(tmp_path / "file" / "image")


def test_the_command_says_what_is_wrong_before_it_builds(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import nowhere_at_all\n")
    result = CliRunner().invoke(main, ["package", str(broken), "--oci", str(tmp_path / "image")])
    assert result.exit_code == 2
    assert "the plugin cannot be loaded" in result.stderr
    assert "--oci" in CliRunner().invoke(main, ["package", "key_auth"]).stderr


def test_the_command_packages_a_module_that_is_built_already(tmp_path: Path) -> None:
    module, image, readme = tmp_path / "built.wasm", tmp_path / "image", tmp_path / "mine.md"
    module.write_bytes(MODULE)
    readme.write_text("# Mine\n")
    words = ["package", "key_auth", "--oci", image, "--module", module, "--version", "2.1.0", "--readme", readme]
    more = ["--category", "auth", "--phase", "AUTHN", "--priority", "310"]
    result = CliRunner().invoke(main, [*map(str, words), *more])
    assert result.exit_code == 0, result.output
    layers = manifest_of(image)["layers"]
    spec = yaml.safe_load(blob(image, layers[0]))
    assert (spec["info"]["name"], spec["info"]["category"]) == ("key-auth/v2", "auth")
    assert (spec["spec"]["phase"], spec["spec"]["priority"]) == ("AUTHN", 310)
    assert blob(image, layers[1]) == b"# Mine\n"
