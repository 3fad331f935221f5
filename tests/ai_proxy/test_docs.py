"""The generated documentation is fresh and complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_proxy.config.settings import Settings
from ai_proxy.providers import ROWS
from ai_proxy.providers.row import Addressing, Row
from ai_proxy.wire import apis, limits
from ai_proxy.wire.json import BOUNDS
from ai_proxy_docs import json_schema, limits_table, providers_page
from ai_proxy_docs.__main__ import DOCS, files, main, stale
from ai_proxy_docs.lacking import LACKING
from proxywasm.config import Declared, json_name, keys_of

PAGE = (DOCS / "providers.md").read_text(encoding="utf-8")
NAMES = sorted({row.name for row in ROWS})


def section(name: str) -> str:
    return PAGE[PAGE.index(f"\n## {name}\n") :].partition("\n## ")[2].partition("\n## ")[0]


def test_the_generated_files_are_fresh() -> None:
    assert stale(DOCS) == [], "run: python -m ai_proxy_docs"


def test_a_stale_file_is_reported_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path)]
    assert main([*folder, "--check"]) == 1
    assert "providers.md is stale; run: python -m ai_proxy_docs" in capsys.readouterr().err
    assert main(folder) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == files()
    assert main([*folder, "--check"]) == 0


def test_each_limit_is_in_the_table_with_its_number() -> None:
    """The numbers of some, as people read them; all of them have a row, or the table cannot be made."""
    rows = {what: limit for what, limit, _ in limits_table.rows()}
    assert rows["body of a request or an answer that is parsed"] == "36 MiB"
    assert rows["answer to a request for an access token"] == "64 KiB"
    assert rows["data of a stream that waits for the end of a tool call"] == "16 Mi characters"
    assert rows["values in a document; an object or array counts as ten"] == f"{BOUNDS.values:,}"
    names = [name for name in vars(limits) if name.isupper() and not name.startswith("_")]
    assert len(rows) >= len(names) > 15
    assert all(f"| {what} | {limit} |" in section("Limits") for what, limit in rows.items())


@pytest.mark.parametrize("name", NAMES)
def test_each_provider_has_its_section(name: str) -> None:
    rows = [row for row in ROWS if row.name == name]
    text = section(name)
    assert rows[0].title
    for row in rows:
        assert all(f"| `{api}` |" in text for api in row.addressing.paths)
    assert text.count(f'"type": "{name}"') == len(rows)
    own = set(keys_of(rows[0].settings)) - set(keys_of(Settings))
    assert all(f"| `{json_name(rows[0].settings, field)}` |" in text for field in own)


def kinds() -> list[Declared]:
    found: set[Declared] = {Settings, *(row.settings for row in ROWS)}
    found |= {entry.keys for kind in found for entry in keys_of(kind).values() if entry.keys}
    return sorted(found, key=repr)


@pytest.mark.parametrize("kind", kinds(), ids=repr)
def test_every_key_has_a_description(kind: Declared) -> None:
    assert all(entry.doc and not entry.doc.endswith(".") for entry in keys_of(kind).values())


def test_rows_of_ones_own_are_documented_too() -> None:
    own = Row(
        name="acme",
        title="Acme AI",
        addressing=Addressing(host="api.acme.example", paths={apis.CHAT: "/turns"}),
    )
    page = providers_page.page((*ROWS, own))
    assert "\n## acme\n\nAcme AI.\n" in page
    assert "| `openai/v1/chatcompletions` | `/turns` | model mapped |" in page
    schema = json_schema.document((*ROWS, own))
    assert "acme" in schema["$defs"]["provider"]["properties"]["type"]["enum"]


@pytest.mark.parametrize("name", LACKING)
def test_the_page_says_what_a_service_has_and_we_lack(name: str) -> None:
    assert name in NAMES
    for one in LACKING[name]:
        assert f"| {one.what} | {one.why} | <{one.source}> |" in section(name)


@pytest.mark.parametrize("row", [row for row in ROWS if row.dialect.dropped], ids=lambda row: row.name)
def test_the_page_names_the_fields_of_answers_that_are_dropped(row: Row) -> None:
    for api, dropped in row.dialect.dropped.items():
        for field, why in dropped.items():
            assert f"| `{api}` | `{field}` | {why} |" in section(row.name)
