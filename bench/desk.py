"""The demo's desk, learned in other ways than the demo does: base and handbook of a seed, and runs from there."""

import json
import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from store.database import Store
from store.story import TRIAGE as RUN
from trainer.config_file import as_dict, config_from
from trainer.demo import recipes
from trainer.demo.exam import Marks, sit
from trainer.demo.maker import Maker
from trainer.demo.material import make_material, write_rows
from trainer.demo.story import new_model
from trainer.demo.suites import TRIAGE, write_suites

__all__ = ["Desk", "Learned", "kept_rows"]

SHARE = 0.4
"""Share of general tokens in the demo's own desk."""


class Learned(NamedTuple):
    """What came of a run."""

    marks: Marks
    """What it was asked."""

    chrf: float
    """The chrF of its answers to the held-out complaints."""

    steps: int
    """Steps it took."""

    seconds: float
    """Time of the run with its last evaluation, without what is asked here."""

    step: float
    """Seconds below which a tenth of its steps stayed: those that other work on the machine disturbed least."""

    peak: int
    """Bytes: the most this process has held until the run's end."""


class Desk:
    """A base and what read the handbook on top of it, made once in a folder; each run begins there."""

    def __init__(self, root: Path, seed: int, steps: int) -> None:
        """`steps` are those of the base."""
        root.mkdir(parents=True, exist_ok=True)
        self._seed = seed
        self.store = Store.at(root / "assay.duckdb")
        self.store.create(demo=True)
        self.place, material = root / "material" / f"seed-{seed}", make_material(seed)
        write_rows(self.place, material)
        self.suites = write_suites(self.place, material)
        self._make = Maker(self.store, self.place, print)
        model = new_model(self.place, material, seed)
        self.base = self._make.full("base", recipes.base(model, self.place, steps, seed))
        handbook = recipes.handbook(self.base, self.place, max(1, steps // 16), seed)
        began = time.perf_counter()
        self.handbook = self._make.full("handbook", handbook)
        self.reading = time.perf_counter() - began
        self.before = sit(self.store, self.suites, self.handbook)

    def config(
        self, name: str, start: Path, *, share: float, changes: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The demo's desk from another start, with another share of general tokens; scored at its end alone."""
        config = as_dict(recipes.triage(start, self.place, 1, self._seed, self.suites, RUN))
        config["run"]["name"] = name
        config["train"] |= {"steps": None, "eval_every": 10_000, "micro_batch": config["train"]["batch_size"]}
        config["checkpoint"] |= {"every": 10_000, "keep": 1}
        config["eval"] |= {"samples": 0}
        general = {"general": str(self.place / "mix.jsonl"), "general_ratio": share} if share else {}
        config["data"] = {"train": str(self.place / "triage.jsonl"), "validation": 0.05, "max_length": 128, **general}
        for section, values in changes.items():
            config[section] |= values
        return {
            name: {key: item for key, item in section.items() if item is not None} for name, section in config.items()
        }

    def learn(self, config: dict[str, Any]) -> Learned:
        """Train, and ask what was learned and kept."""
        began = time.perf_counter()
        last = self._make.run(config_from(config))
        seconds, peak = time.perf_counter() - began, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        marks, steps = sit(self.store, self.suites, last), int(last.name[:8])
        asked = {"run": last.parents[1].name, "suite": TRIAGE, "step": steps}
        step = self.store.rows(_STEP, {"run": asked["run"]})[0]["seconds"]
        return Learned(marks, self.store.rows(_CHRF, asked)[0]["value"], steps, seconds, step, peak)


def kept_rows(file: Path) -> list[dict[str, Any]]:
    """What was measured before, a JSON object a line."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


_CHRF = """
SELECT s.value FROM score s JOIN eval_run e ON e.id = s.eval_id JOIN run r ON r.id = e.run_id
WHERE r.name = $run AND e.suite = $suite AND e.step = $step AND s.metric = 'chrf' AND s.versus IS NULL AND NOT s.clean
AND s.category = ''
"""

_STEP = """
SELECT quantile_cont(m.value, 0.1) AS seconds
FROM metric m JOIN metric_name n ON n.id = m.metric_id JOIN run r ON r.id = m.run_id
WHERE n.name = 'step_seconds' AND r.name = $run
"""
