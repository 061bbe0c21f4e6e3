"""What the tests of watching share: a log that grows, and what the store holds of it."""

import json
from pathlib import Path
from typing import Any

from assay.cli import main
from store.database import Store
from store.loading import load_spools
from store.runs import show_run


def values(root: Path, run: str, metric: str = "loss") -> list[tuple[int, int, float]]:
    """Branch, step and value of a metric, out of the store."""
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    rows = store.rows(
        "SELECT branch, step, value FROM metric m JOIN run r ON r.id = m.run_id "
        "JOIN metric_name n ON n.id = m.metric_id WHERE r.name = $run AND n.name = $metric ORDER BY ALL",
        {"run": run, "metric": metric},
    )
    return [(row["branch"], row["step"], row["value"]) for row in rows]


def shown(root: Path, run: str) -> dict[str, Any]:
    load_spools(Store.at(root / "assay.duckdb"))
    return show_run(Store.at(root / "assay.duckdb"), run)


def rows_in_store(root: Path) -> list[dict[str, Any]]:
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store.rows("SELECT (SELECT count(*) FROM metric) AS metrics, (SELECT count(*) FROM branch) AS branches, "
                      "(SELECT count(*) FROM event) AS events, (SELECT count(*) FROM run) AS runs")  # fmt: skip


def logged(folder: Path, text: str, name: str = "trainer_log.jsonl", mode: str = "w") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open(mode) as file:
        file.write(text)
    return folder / name


def line(step: int, loss: float, total: int = 100) -> str:
    return json.dumps({"current_steps": step, "total_steps": total, "loss": loss, "lr": 1e-4, "epoch": 0.5}) + "\n"


def watch_once(root: Path, source: Path, *options: str) -> None:
    main(["watch", str(source), "--once", "--store", str(root), *options])
