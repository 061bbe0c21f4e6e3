"""The lineage strip: what it reads, what it shows, and where its parts lead."""

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

import assay
from dashboard.queries.run import run_facts
from dashboard.text_tables.lineage import TEXTS
from dashboard.views.lineage import around
from store import lineage
from store.database import Store
from store.loading import load_spools
from tests.dashboard.opening import open_page


def begun(root, name, stage, parent=None, model="/models/hub/Qwen3-0.6B/"):
    run = assay.run(name, store=root, config={"model": {"path": model}})
    run.facts(stage=stage, provenance={"command": ["assay", "train"]}, **({"parent": parent} if parent else {}))
    run.log(1, loss=2.0)
    return run


def sealed(run, step, branch=1, val_loss=None):
    path, data = f"{run.name}/checkpoints/{step}", {} if val_loss is None else {"val_loss": val_loss}
    run.record("checkpoint", s=step, b=branch, state="sealed", path=path, sha256=None, bytes=1, data=data)


@pytest.fixture
def family(tmp_path: Path) -> Store:
    """base, then book, then desk with two alarms, a rollback and two checkpoints, then two children; an orphan."""
    root = tmp_path / "runs"
    begun(root, "base", "pretrain").finish()
    begun(root, "book", "cpt", "base/1@1300", model="/runs/base/checkpoints/1300").finish()
    desk = begun(root, "desk", "sft", "book/1@81")
    sealed(desk, 30, val_loss=1.5)
    desk.event("guard", "the loss jumped", level="alarm", step=75)
    desk.event("guard", "still <high>", level="alarm", step=78)
    desk.fork(after=60, reason="rollback", data={"abandoned_to": 80, "actor": "ann"})
    desk.event("guard", "no step is known", level="alarm")
    sealed(desk, 90, branch=2, val_loss=1.9)
    desk.finish()
    begun(root, "child one", "dpo", "desk/2@90").finish()
    begun(root, "two", "sft", "desk/1@30").finish()
    begun(root, "orphan", "sft", "gone/1@5").finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    return store


def opened(monkeypatch, store, run, **asked):
    monkeypatch.setenv("ASSAY_STORE", str(store.path))
    return open_page("run", {"lang": "en", "run": run, **asked})


def links(app):
    """Words and address of each link."""
    return [(link.proto.label, dict(parse_qsl(link.proto.query_string))) for link in app.get("page_link")]


def here(app):
    return [block.body for block in app.html if "a-here" in block.body]


def id_of(store, name):
    return run_facts(store, name)["id"]


def test_ancestry_begins_with_the_oldest_run_that_is_there(family):
    rows = lineage.ancestry(family, id_of(family, "desk")).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("base", "pretrain", None, "/models/hub/Qwen3-0.6B/"),
        ("book", "cpt", "base/1@1300", "/runs/base/checkpoints/1300"),
        ("desk", "sft", "book/1@81", "/models/hub/Qwen3-0.6B/"),
    ]
    orphan = lineage.ancestry(family, id_of(family, "orphan")).to_pylist()
    assert [(row["name"], row["parent"]) for row in orphan] == [("orphan", "gone/1@5")]


def test_a_run_that_is_its_own_ancestor_ends(family):
    family.transaction(lambda tx: tx.execute("UPDATE run SET parent = 'desk/1@1' WHERE name = 'base'"))
    assert lineage.ancestry(family, id_of(family, "desk")).num_rows == lineage.DEEPEST + 1


def test_moments_are_branches_and_alarms_at_a_step_in_order(family):
    rows = lineage.moments(family, id_of(family, "desk")).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("alarm", 75, None, None, 1, "the loss jumped"),
        ("alarm", 78, None, None, 1, "still <high>"),
        ("branch", 60, 80, "ann", 2, "rollback"),
    ]


def test_children_are_runs_that_began_here_and_are_not_archived(family):
    desk = id_of(family, "desk")
    assert [row["name"] for row in lineage.children(family, desk).to_pylist()] == ["two", "child one"]
    family.transaction(lambda tx: tx.execute("UPDATE run SET archived = true WHERE name = 'two'"))
    assert [row["name"] for row in lineage.children(family, desk).to_pylist()] == ["child one"]
    assert lineage.children(family, id_of(family, "orphan")).num_rows == 0


def test_the_strip_leads_from_the_base_to_the_children(monkeypatch, family):
    app = opened(monkeypatch, family, "desk")
    near = {"run": "desk", "lang": "en", "view": "spikes"}
    shelf = {"run": "desk", "lang": "en", "view": "checkpoints"}
    assert links(app) == [
        (":gray[base] hub/Qwen3\\-0\\.6B", {"run": "base", "lang": "en", "view": "log"}),
        (":gray[pretrain] base@1300", {"run": "base", "lang": "en"}),
        (":gray[cpt] book@81", {"run": "book", "lang": "en"}),
        (":gray[2 alarms] @75", {**near, "first": "45", "last": "108"}),
        (":gray[branch 2] rolled back to 60", {**near, "first": "30", "last": "110"}),
        (":gray[best checkpoint] @30", {**shelf, "at": "1@30"}),
        (":gray[newest checkpoint] @90", {**shelf, "at": "2@90"}),
        (":gray[sft from 30] two", {"run": "two", "lang": "en"}),
        (":gray[dpo from 90] child one", {"run": "child one", "lang": "en"}),
    ]
    assert here(app) == ['<span class="a-here" title=""><span class="a-quiet">sft</span> <b>desk</b></span>']


def test_the_strip_speaks_chinese(monkeypatch, family):
    said = [label for label, _ in links(opened(monkeypatch, family, "desk", lang="zh"))]
    assert ":gray[继续预训练] book@81" in said
    assert ":gray[分支 2] 回滚到第 60 步" in said
    assert ":gray[DPO 偏好对齐（自第 90 步）] child one" in said


def test_a_parent_that_is_gone_is_named_and_leads_nowhere(monkeypatch, family):
    app = opened(monkeypatch, family, "orphan")
    assert links(app) == []
    assert "gone/1@5" in here(app)[0]
    assert TEXTS["lineage.gone"]["en"] in here(app)[0]


@pytest.mark.parametrize("run", ["begun", "watched", "broken"])
def test_a_run_of_which_nothing_else_is_known_has_no_strip(monkeypatch, full_store, run):
    app = opened(monkeypatch, full_store, run)
    assert here(app) == []
    assert links(app) == []


def test_a_run_with_one_checkpoint_names_it_once(monkeypatch, family):
    family.transaction(lambda tx: tx.execute("DELETE FROM checkpoint WHERE step = 90"))
    said = [label for label, _ in links(opened(monkeypatch, family, "desk"))]
    assert [label for label in said if "checkpoint" in label] == [":gray[best checkpoint] @30"]


def test_many_events_and_many_children_are_cut_and_lead_on(monkeypatch, tmp_path):
    root = tmp_path / "runs"
    run = begun(root, "many", "sft")
    for step in range(10, 70, 10):
        run.log(step, loss=1.0)
        run.fork(after=step, reason="resume")
    run.finish()
    for number in range(6):
        begun(root, f"child-{number}", "sft", "many/1@10").finish()
    store = Store.at(root / "assay.duckdb")
    load_spools(store)
    found = links(opened(monkeypatch, store, "many"))
    assert found[1:3] == [
        ("2 earlier", {"run": "many", "lang": "en", "view": "log"}),
        (":gray[branch 4] resumed from 30", {**around("many", 30), "lang": "en"}),
    ]
    everyone = ",".join(f"child-{number}" for number in range(5, -1, -1))
    assert found[-1] == ("2 more", {"lang": "en", "compare": everyone})
    assert len(found) == 1 + 1 + 4 + 4 + 1


def test_a_range_around_a_step_does_not_begin_before_the_first():
    assert around("a", 5) == {"run": "a", "view": "spikes", "first": "0", "last": "35"}
    assert around("a", 100, 80) == {"run": "a", "view": "spikes", "first": "50", "last": "130"}
