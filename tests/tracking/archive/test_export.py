import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from properties.models import Property
from tests.tracking.archive.material import BreakingStore, append, client, ordered, some_rows
from tracking.archive import schema
from tracking.archive.rows import Row
from tracking.archive.store import store_at
from tracking.archive.writer import archive


@pytest.fixture
def some(prop: Property, tmp_path: Path, settings: Settings) -> list[Row]:
    """Rows, half of them archived, where the command looks for them."""
    settings.ARCHIVE = str(tmp_path / "archive")
    rows = some_rows(120, days=3)
    append(prop, rows[:70])
    archive(client(prop), prop, store_at(settings.ARCHIVE))
    append(prop, rows[70:])
    return rows


def export(prop: Property, form: str, output: Path, first: str = "2026-11-01", last: str = "2026-11-30") -> None:
    arguments = ["--property", str(prop.id), "--from", first, "--to", last, "--format", form]
    call_command("export", *arguments, "--output", str(output), stderr=io.StringIO())


def as_text(row: Row) -> dict[str, Any]:
    def iso(at: int) -> str:
        return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    return {name: getattr(row, name) for name in Row.__struct_fields__} | {
        "at": iso(row.at),
        "received": iso(row.received),
        "visitor_id": str(UUID(bytes=row.visitor_id)),
        "session": str(UUID(bytes=row.session)),
    }


def sorted_by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["entry"], int(row["ordinal"])))


def test_csv_has_every_event_and_no_formula(prop: Property, some: list[Row], tmp_path: Path) -> None:
    export(prop, "csv", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    expected = [{name: str(value) for name, value in as_text(row).items()} for row in ordered(some)]
    for row in expected:
        row["name"] = "'=cmd" if row["name"] == "=cmd" else row["name"]
    assert sorted_by_id(found) == expected
    assert not list(tmp_path.glob("*.part"))


def test_ndjson_has_objects_and_lists(prop: Property, some: list[Row], tmp_path: Path) -> None:
    export(prop, "ndjson", tmp_path / "all.ndjson")
    found = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text("utf-8").splitlines()]
    expected = [
        as_text(row)
        | {
            "attributes": json.loads(row.attributes or "{}"),
            "traits": row.traits.split("\n"),
            "session_traits": row.session_traits.split("\n"),
            "items": json.loads(row.items or "[]"),
            "item_traits": [["item:1"], []] if row.items else [],
        }
        for row in ordered(some)
    ]
    assert sorted_by_id(found) == expected


def test_parquet_has_the_archives_columns(prop: Property, some: list[Row], tmp_path: Path) -> None:
    export(prop, "parquet", tmp_path / "all.parquet")
    table = pq.read_table(tmp_path / "all.parquet", read_dictionary=list(schema.DICTIONARIES))
    assert ordered(list(schema.rows_of(table))) == ordered(some)


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_days_without_events_are_an_empty_export(prop: Property, some: list[Row], tmp_path: Path, form: str) -> None:
    export(prop, form, tmp_path / "none", "2025-01-01", "2025-01-02")
    content = (tmp_path / "none").read_bytes()
    assert {"csv": content.count(b"\n"), "ndjson": len(content) + 1, "parquet": content.count(b"PAR1") - 1}[form] == 1


def test_without_a_file_it_goes_to_stdout(
    prop: Property, some: list[Row], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    arguments = ["--property", str(prop.id), "--from", "2026-11-24", "--to", "2026-11-24"]
    call_command("export", *arguments, "--format", "ndjson")
    out, err = capfdbinary.readouterr()
    number = sum(datetime.fromtimestamp(row.at / 1000, UTC).day == 24 for row in some)
    assert len(out.splitlines()) == number > 0
    assert f"{number} events, complete" in err.decode()


def test_what_cannot_be_exported_is_said(prop: Property, some: list[Row], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--from is after --to"):
        export(prop, "csv", tmp_path / "x", "2026-11-02", "2026-11-01")
    with pytest.raises(CommandError, match="no day such as"):
        export(prop, "csv", tmp_path / "x", "yesterday")
    with pytest.raises(CommandError, match="no property 99"):
        export(Property(id=99), "csv", tmp_path / "x")
    with pytest.raises(CommandError, match="not complete"):
        export(prop, "csv", tmp_path / "no folder" / "x")


def test_a_file_of_an_unfinished_export_has_another_name(
    prop: Property, some: list[Row], tmp_path: Path, store: BreakingStore
) -> None:
    for file in Path(store.root).rglob("*.parquet"):
        file.unlink()
    with pytest.raises(CommandError, match="not complete"):
        export(prop, "csv", tmp_path / "all.csv")
    assert not (tmp_path / "all.csv").exists()
