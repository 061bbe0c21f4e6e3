"""`assay db backup` and `assay db restore`."""

import json

import pytest
from click.testing import CliRunner

from store.commands.db import db
from tests.store.backups import fill, path


@pytest.fixture
def full(store):
    """Two runs; see `fill`."""
    fill(store)
    return store


def invoke(*arguments):
    return CliRunner().invoke(db, [*map(str, arguments)], catch_exceptions=False)


def test_the_commands_say_what_was_done(full, tmp_path):
    done = invoke("backup", tmp_path / "copy", "--checkpoints", "stable", "--store", full.path)
    assert done.exit_code == 0
    assert done.stdout.endswith("MB, 2 runs, 4 checkpoints (2 left out, which a restored store tells as deleted)\n")
    assert f"It holds the secrets of {full.root}: keep it where nobody else can read." in done.stderr
    assert "Not in it, as it lies outside the store: /elsewhere/rows.jsonl (base, child)." in done.stderr
    done = invoke("restore", tmp_path / "copy", "--store", tmp_path / "runs2")
    assert done.stdout.startswith(f"{tmp_path}/runs2/assay.duckdb: ")
    assert invoke("check", "--store", tmp_path / "runs2").exit_code == 0


def test_the_commands_print_one_document(full, tmp_path):
    made = json.loads(invoke("backup", tmp_path / "copy", "--json", "--store", full.path).stdout)
    assert (made["runs"], made["checkpoints"]["wanted"], made["checkpoints"]["taken"]) == (
        2,
        "pinned",
        [path("base", 3)],
    )
    assert made["checkpoints"]["left_out"][0] == {
        "path": path("base", 1), "branch": 1, "step": 1, "why": "it was not pinned",
    }  # fmt: skip
    assert made["outside"] == [{"path": "/elsewhere/rows.jsonl", "runs": ["base", "child"]}]
    back = json.loads(invoke("restore", tmp_path / "copy", "--json", "--store", tmp_path / "runs2").stdout)
    assert (back["backup"], back["store"]) == (made["backup"], f"{tmp_path}/runs2/assay.duckdb")
    assert (back["files"], back["bytes"], back["migrated"]) == (made["files"], made["bytes"], [])


def test_a_damaged_checkpoint_makes_the_command_say_no(full, tmp_path):
    (full.root / path("base", 3) / "weights.bin").write_bytes(b"x")
    done = invoke("backup", tmp_path / "copy", "--store", full.path)
    assert done.exit_code == 1
    assert f"not taken, as it is damaged: {path('base', 3)}: weights.bin is damaged" in done.stderr
    assert (tmp_path / "copy" / "backup.json").exists()
