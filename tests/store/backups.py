"""A store worth copying, and looking at copies, for tests of backups."""

from pathlib import Path

from assay.recording import Run
from store.artifacts import announce, seal, temporary_for
from store.database import Store
from store.keys import server_public
from store.loading import load_spools
from store.moved import MARKER
from store.pins import pin
from store.restore import restore
from tests.store.people import COMMAND, add


def save(run, step, state="sealed", config=None):
    """A checkpoint, sealed and announced."""
    final = run.folder / "checkpoints" / f"{step:08d}-b1"
    temporary = temporary_for(final)
    (temporary / "weights.bin").write_bytes(f"{run.name} {step}".encode() * 500)
    if config:
        (temporary / "config.toml").write_text(config)
    seal(temporary, final, {"step": step, "branch": 1})
    for said in dict.fromkeys(("sealed", state)):
        announce(run, final, said, step=step, branch=1)
    return final


def fill(store):
    """Run `base` with checkpoints at 1 (stable), 2, 3 (pinned); run `child`, stable at 2, stands on base's at 2."""
    root = store.root
    for name in ("base", "child"):
        (root / name).mkdir()
        with Run(root / name) as run:
            named = f'[model]\npath = "{root}/base/checkpoints/00000002-b1"\n' if name == "child" else ""
            (run.folder / "config.toml").write_text(f'{named}[data]\ntrain = "/elsewhere/rows.jsonl"\n')
            for step in (1, 2, 3):
                run.log(step, loss=1 / step)
                stable = "stable" if (name, step) in (("base", 1), ("child", 2)) else "sealed"
                save(run, step, stable, named)
    load_spools(store)
    add(store)
    server_public(store, COMMAND)
    pin(store, "base/checkpoints/00000003-b1", target_kind="checkpoint", run_id=1, holder="c", holder_kind="campaign")
    for name in (".evals/answers", ".exports/base@3/adapter.bin", "material/rows.jsonl", ".tmp-left/half"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a store but the database and its locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("assay.duckdb") and path.name not in (MARKER, "recording.lock")
    }


def tables(store: Store) -> dict[str, list]:
    names = ("run", "branch", "metric", "dataset", "pin", "user", "audit", "signing_key", "audit_head")
    return {name: store.rows(f'SELECT * FROM "{name}" ORDER BY ALL') for name in names}


def states(store: Store) -> dict[str, str]:
    return {row["path"]: row["state"] for row in store.rows("SELECT path, state FROM checkpoint ORDER BY path")}


def path(run, step):
    return f"{run}/checkpoints/{step:08d}-b1"


def put_back(folder, place):
    store = Store.at(place / "assay.duckdb")
    return store, restore(folder, store, COMMAND)
