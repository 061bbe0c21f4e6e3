"""A pack is imported once: no two files are mixed, and results say how many verdicts came so, and by whom."""

from typing import Any

import pytest

from evals.gate.reviewed import Reviewed, reviewed
from evals.review import service
from evals.review.errors import CampaignError
from evals.review.offline import Offline
from evals.review.peeks import peek
from evals.review.results import results, results_dict
from evals.review.types import Answer, PairView
from evals.review.unpacking import import_verdicts
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.test_packs import brought, packed, rows, saved, verdict


def dies_at(monkeypatch, name: str) -> None:
    """The service's call of this name ends the process."""

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(service, name, dies)


@pytest.mark.parametrize("call", ["begin_sitting", "submit", "skip", "close_sitting"])
def test_after_one_that_was_cut_off_no_other_file_is_mixed_in(store, tmp_path, monkeypatch, call):
    made = make_campaign(store, pairs=4, practice=0)
    pack = packed(store, made, 3)
    said = {0: {"verdict": verdict("left")}, 1: {"verdict": verdict("left")}, 2: {"skip": "not-my-field"}}
    whole = saved(tmp_path, pack, said).read_text()
    with monkeypatch.context() as patched:
        dies_at(patched, call)
        with pytest.raises(KeyboardInterrupt):
            brought(store, tmp_path / "verdicts.json")
    before = rows(store)
    other = saved(tmp_path, pack, {place: {"verdict": verdict("right")} for place in range(3)})
    for _ in range(2):
        with pytest.raises(
            CampaignError, match=r"the import of another file .* was begun on .*nothing of verdicts.json"
        ):
            brought(store, other)
    assert rows(store) == before
    (tmp_path / "verdicts.json").write_text(whole)
    brought(store, tmp_path / "verdicts.json")
    lefts = {row["item"]: row["left"] for row in store.rows('SELECT item, "left" FROM lease')}
    assert [(row["item"], row["choice"]) for row in rows(store)] == [
        (item, lefts[item]) for item in ("item-00", "item-01")
    ]
    assert store.rows("SELECT count(*) AS n FROM audit WHERE action = 'pack-import-begun'") == [{"n": 1}]


def test_of_two_files_at_once_one_is_taken(store, tmp_path, monkeypatch):
    made = make_campaign(store, pairs=4, practice=0)
    pack = packed(store, made, 2)
    (tmp_path / "other").mkdir()
    one = saved(tmp_path, pack, {place: {"verdict": verdict("tie")} for place in range(2)})
    other = saved(tmp_path / "other", pack, {place: {"verdict": verdict("both_bad")} for place in range(2)})
    real, refused = service.begin_sitting, []

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(service, "begin_sitting", real)
        with pytest.raises(CampaignError, match="another file of this pack was begun") as said:
            brought(store, other)
        refused.append(said)
        return real(*arguments)

    monkeypatch.setattr(service, "begin_sitting", meanwhile)
    assert brought(store, one).verdicts == 2
    assert len(refused) == 1
    assert [row["choice"] for row in rows(store)] == ["tie", "tie"]
    assert all(row["final"] is not None for row in rows(store))


def test_a_file_that_cannot_be_entered_stands_in_the_way_of_no_other(store, tmp_path):
    made = make_campaign(store, pairs=4, practice=0)
    pack = packed(store, made, 2)
    store.transaction(lambda tx: peek(tx, made.graders[0], "lead", f"campaign:{made.campaign}", {}))
    with pytest.raises(CampaignError, match="has seen results"):
        brought(store, saved(tmp_path, pack, {}))
    assert store.rows("SELECT count(*) AS n FROM audit WHERE action = 'pack-import-begun'") == [{"n": 0}]


def test_results_say_how_many_verdicts_came_by_packs_and_who_imported_them(store, tmp_path):
    made = make_campaign(store, pairs=6, practice=1)
    assert results(store, made.lead, made.campaign).offline is None
    said = {0: {"verdict": verdict("tie")}, 1: {"verdict": verdict("left")}, 2: {"verdict": {"choice": "best"}}}
    brought(store, saved(tmp_path, packed(store, made, 2), said))
    one = packed(store, made, 1, grader="grader 1")
    import_verdicts(store, made.lead, saved(tmp_path, one, {place: {"verdict": verdict()} for place in (0, 1)}))
    service.begin_sitting(store, made.graders[0], made.campaign, 9)
    shown = service.next_pair(store, made.graders[0], made.campaign)
    assert isinstance(shown, PairView)
    service.submit(store, made.graders[0], shown.token, Answer("tie"))
    service.close_sitting(store, made.graders[0], made.campaign)
    found = results(store, made.lead, made.campaign)
    assert found.offline == Offline(2, 3, ("tests", "the lead"))
    assert results_dict(found)["offline"] == {"verdicts": 2, "of": 3, "imported_by": ("tests", "the lead")}
    told = reviewed(Reviewed(found, None, (), 0), set(), None)
    assert told["offline"] == {"verdicts": 2, "of": 3, "imported_by": ("tests", "the lead")}


def test_one_that_was_changed_on_the_page_did_not_come_by_a_pack(store, tmp_path):
    made = make_campaign(store, pairs=3, practice=0)
    pack = packed(store, made, 2)
    service.begin_sitting(store, made.graders[0], made.campaign, 9)
    brought(store, saved(tmp_path, pack, {place: {"verdict": verdict("tie")} for place in range(2)}))
    service.submit(store, made.graders[0], pack.pairs[0].token, Answer("both_bad"))
    service.close_sitting(store, made.graders[0], made.campaign)
    assert results(store, made.lead, made.campaign).offline == Offline(1, 2, ("tests",))


def test_evidence_without_packs_is_as_before(store):
    made = make_campaign(store, pairs=3, practice=0)
    assert "offline" not in reviewed(Reviewed(results(store, made.lead, made.campaign), None, (), 0), set(), None)
