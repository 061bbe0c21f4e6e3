"""Packs: pairs that are out in a file, and verdicts that come back, once, as the page's own would."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.review import sentences, service
from evals.review.errors import CampaignError
from evals.review.pack_seal import KIND, VERSION, key_of, signature
from evals.review.packing import Pack, give_back, make_pack
from evals.review.peeks import peek
from evals.review.types import Answer, PairView, Wait
from evals.review.unpacking import Brought, Refusal, import_verdicts
from store.access import AccessError, Actor
from store.audit import first_broken
from store.database import Store
from store.errors import StoreError
from tests.evals.review.campaigns import Made, make_campaign

LEAD = Actor("command", None, "tests")


def packed(store: Store, made: Made, wanted: int = 4, grader: str = "grader 0", days: float = 7) -> Pack:
    return make_pack(store, LEAD, made.campaign, grader, wanted, days)


def verdict(choice: str = "left", **more: Any) -> dict[str, Any]:
    return {
        "choice": choice,
        "criteria": {},
        "reasons": [],
        "comment": "",
        "errors": [],
        "seen": [],
        "saved": 1,
        **more,
    }


def saved(folder: Path, pack: Pack, by_place: Mapping[int, Mapping[str, Any]], **changed: Any) -> Path:
    """The file of a page on which this was said of pairs by their place; the others were not judged."""
    nothing = {"verdict": None, "skip": None, "guess": None, "flags": [], "draft": None, "seconds": 30.0}
    pairs = {pair.token: {**nothing, **by_place.get(place, {})} for place, pair in enumerate(pack.pairs)}
    text = json.dumps({"saved": 1, "pairs": pairs})
    signed = {"kind": KIND, "version": VERSION, "pack": pack.id, "said": text}
    whole = {**signed, "signature": signature(pack.key, pack.id, text), **changed}
    file = folder / "verdicts.json"
    file.write_text(json.dumps(whole))
    return file


def brought(store: Store, file: Path) -> Brought:
    return import_verdicts(store, LEAD, file)


def rows(store: Store) -> list[dict[str, Any]]:
    return store.rows(
        "SELECT item, choice, comment, seconds, final FROM verdict WHERE superseded IS NULL ORDER BY item"
    )


def test_a_pack_holds_what_the_page_would_show_and_the_key_that_the_store_can_draw_again(store):
    made = make_campaign(store, pairs=6, practice=2)
    pack = packed(store, made)
    assert [(pair.question, pair.practice) for pair in pack.pairs] == [
        ("What of practice-0?", True), ("What of practice-1?", True),
        *[(f"What of item-0{place}?", False) for place in range(4)],
    ]  # fmt: skip
    assert all(isinstance(pair, PairView) for pair in pack.pairs)
    assert (pack.title, pack.language, pack.key) == ("Which answer helps more?", "en", key_of(store, pack.id))
    assert pack.pairs[-1].asks_guess
    [told] = store.rows("SELECT actor, role, object, payload FROM audit WHERE action = 'pack'")
    assert (told["actor"], told["object"]) == ("command:tests", f"campaign:{made.campaign}")
    assert (json.loads(told["payload"])["pairs"], json.loads(told["payload"])["practice"]) == (4, 2)
    assert not any(pair.token in told["payload"] for pair in pack.pairs)
    assert store.rows("SELECT count(*) AS n FROM audit WHERE action = 'lease'") == [{"n": 6}]


def test_nobody_else_and_no_page_gets_a_pair_that_is_out(store):
    made = make_campaign(store, pairs=5, practice=0)
    packed(store, made, 4)
    for grader in made.graders:
        service.begin_sitting(store, grader, made.campaign, 9)
    rival = service.next_pair(store, made.graders[1], made.campaign)
    assert isinstance(rival, PairView)
    assert rival.question == "What of item-04?"
    assert service.next_pair(store, made.graders[0], made.campaign) == Wait("later")
    service.submit(store, made.graders[1], rival.token, Answer("tie"))
    assert service.next_pair(store, made.graders[1], made.campaign) == Wait("later")


def test_verdicts_come_back_as_the_pages_own_would_and_are_final(store, tmp_path, clock):
    made = make_campaign(store, pairs=4, practice=1)
    pack = packed(store, made, 3)
    said = {
        0: {"verdict": verdict("tie")}, 1: {"verdict": verdict("left", comment=" dear "), "seconds": 12.5},
        2: {"verdict": verdict("both_bad"), "flags": ["text-broken"], "seconds": 1e6},
        3: {"verdict": verdict("right"), "guess": "left"},
    }  # fmt: skip
    done = brought(store, saved(tmp_path, pack, said))
    assert done == Brought(
        made.campaign, made.graders[0].user, "", verdicts=3, practice=1, guesses=1, flags=1, drafts=0, given_back=0
    )
    lefts = {row["item"]: row["left"] for row in store.rows('SELECT item, "left" FROM lease')}
    other = {"first": "second", "second": "first"}
    found = rows(store)
    assert [(row["item"], row["choice"]) for row in found] == [
        ("item-00", lefts["item-00"]), ("item-01", "both_bad"), ("item-02", other[lefts["item-02"]]),
    ]  # fmt: skip
    assert [row["seconds"] for row in found] == [12.5, 1500.0, 30.0]
    assert found[0]["comment"] == "dear"
    assert all(row["final"] is not None for row in found)
    assert store.rows("SELECT count(*) AS n FROM sitting WHERE closed IS NULL") == [{"n": 0}]
    acts = store.rows(
        "SELECT DISTINCT actor, action FROM audit WHERE action = 'verdict' OR action LIKE 'pack-%' ORDER BY ALL"
    )
    assert acts == [
        {"actor": "command:tests", "action": "pack-import"},
        {"actor": "command:tests", "action": "pack-import-begun"},
        {"actor": f"user:{made.graders[0].user}", "action": "verdict"},
    ]
    assert store.snapshot(first_broken) is None


def test_a_pack_is_imported_once_the_same_file_says_so_and_another_one_is_refused(store, tmp_path):
    made = make_campaign(store, pairs=4, practice=0)
    pack = packed(store, made, 2)
    file = saved(tmp_path, pack, {0: {"verdict": verdict("left")}, 1: {"verdict": verdict("left")}})
    brought(store, file)
    before = rows(store), store.rows("SELECT count(*) AS n FROM audit")
    again = brought(store, file)
    assert (bool(again.before), again.verdicts) == (True, 0)
    saved(tmp_path, pack, {0: {"verdict": verdict("right")}})
    with pytest.raises(CampaignError, match=r"another file of this pack was imported on .*nothing of verdicts.json"):
        brought(store, file)
    assert (rows(store), store.rows("SELECT count(*) AS n FROM audit")) == before


def test_what_was_cut_off_in_the_middle_is_entered_by_the_next_try(store, tmp_path, monkeypatch):
    made = make_campaign(store, pairs=4, practice=0)
    file = saved(tmp_path, packed(store, made, 3), {place: {"verdict": verdict("left")} for place in range(3)})
    real, calls = service.submit, []

    def dies(*arguments: Any, **options: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments, **options)

    monkeypatch.setattr(service, "submit", dies)
    with pytest.raises(KeyboardInterrupt):
        brought(store, file)
    assert len(rows(store)) == 1
    monkeypatch.setattr(service, "submit", real)
    assert (brought(store, file).refused, len(rows(store))) == ((), 3)
    assert store.rows("SELECT count(*) AS n FROM verdict") == [{"n": 3}]


def test_a_changed_verdict_is_told_by_the_signature(store, tmp_path):
    made = make_campaign(store, pairs=4, practice=0)
    pack = packed(store, made, 2)
    file = saved(tmp_path, pack, {0: {"verdict": verdict("left")}})
    whole = json.loads(file.read_text())
    whole["said"] = whole["said"].replace('"left"', '"right"')
    file.write_text(json.dumps(whole))
    with pytest.raises(CampaignError, match="its signature does not fit"):
        brought(store, file)
    assert rows(store) == []


WRONG = {
    "nothing": ("", "is no file of verdicts"),
    "a list": ("[]", "is no file of verdicts"),
    "another kind": ('{"kind": "other"}', "is no file of verdicts"),
    "a newer version": (json.dumps({"kind": KIND, "version": 2}), "another version of Assay"),
    "half of it": (json.dumps({"kind": KIND, "version": VERSION, "pack": "x"}), "is damaged"),
    "another store's": (
        json.dumps({"kind": KIND, "version": VERSION, "pack": "x", "said": "{}", "signature": ""}),
        "was not made from this store",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_sentence_and_changes_nothing(store, tmp_path, name):
    make_campaign(store, pairs=2, practice=0)
    text, sentence = WRONG[name]
    (tmp_path / "v.json").write_text(text)
    before = store.rows("SELECT count(*) AS n FROM audit")
    with pytest.raises(CampaignError, match=sentence):
        brought(store, tmp_path / "v.json")
    assert store.rows("SELECT count(*) AS n FROM audit") == before
    with pytest.raises(CampaignError, match=r"cannot read .*gone\.json"):
        brought(store, tmp_path / "gone.json")


def test_a_pack_takes_no_pairs_of_another_one_even_where_its_key_signs_them(store, tmp_path):
    made = make_campaign(store, pairs=8, practice=0)
    mine, other = packed(store, made, 2), packed(store, made, 2, grader="grader 1")
    text = json.dumps({"pairs": {pair.token: {"verdict": verdict()} for pair in other.pairs}})
    file = saved(tmp_path, mine, {}, said=text, signature=signature(mine.key, mine.id, text))
    with pytest.raises(CampaignError, match="lists other pairs than its pack has"):
        brought(store, file)


def test_a_closed_campaign_takes_nothing_and_its_pairs_are_not_out_any_more(store, tmp_path):
    made = make_campaign(store, pairs=4, practice=0)
    file = saved(tmp_path, packed(store, made, 2), {0: {"verdict": verdict()}})
    service.close_campaign(store, made.lead, made.campaign, "enough")
    assert store.rows("SELECT DISTINCT outcome FROM lease") == [{"outcome": "released"}]
    with pytest.raises(CampaignError, match=f"campaign {made.campaign} is closed and takes no more verdicts"):
        brought(store, file)
    with pytest.raises(CampaignError, match="is closed and needs no more verdicts"):
        packed(store, made)
    assert rows(store) == []


def test_late_verdicts_count_where_nobody_else_took_the_place(store, tmp_path, clock):
    made = make_campaign(store, pairs=3, practice=0)
    pack = packed(store, made, 2, days=1)
    clock.pass_by(days=2)
    service.begin_sitting(store, made.graders[1], made.campaign, 9)
    taken = service.next_pair(store, made.graders[1], made.campaign)
    assert isinstance(taken, PairView)
    service.submit(store, made.graders[1], taken.token, Answer("tie"))
    service.close_sitting(store, made.graders[1], made.campaign)
    done = brought(store, saved(tmp_path, pack, {place: {"verdict": verdict()} for place in range(2)}))
    assert taken.question in {pair.question for pair in pack.pairs}
    assert (done.verdicts, done.refused) == (1, (Refusal(taken.question, sentences.TAKEN),))
    assert [row["item"] for row in rows(store)] == ["item-00", "item-01"]


def test_what_ran_out_is_shown_on_the_page_again_with_the_same_sides(store, clock):
    made = make_campaign(store, pairs=2, practice=0)
    [pair] = packed(store, made, 1, days=1).pairs
    clock.pass_by(days=2)
    service.begin_sitting(store, made.graders[0], made.campaign, 9)
    again = service.next_pair(store, made.graders[0], made.campaign)
    assert isinstance(again, PairView)
    assert (again.token, again.left, again.right) == (pair.token, pair.left, pair.right)


def test_skips_and_drafts_come_back_and_what_was_not_judged_can_be_given_to_others(store, tmp_path):
    made = make_campaign(store, pairs=3, practice=0)
    pack = packed(store, made, 3)
    said = {0: {"skip": "not-my-field"}, 1: {"draft": verdict("left", comment="half", secret="x")}}
    done = brought(store, saved(tmp_path, pack, said))
    assert (done.verdicts, done.skipped, done.drafts, done.given_back) == (0, 1, 1, 2)
    assert json.loads(store.rows("SELECT fields FROM draft")[0]["fields"])["comment"] == "half"
    assert "secret" not in store.rows("SELECT fields FROM draft")[0]["fields"]
    service.begin_sitting(store, made.graders[1], made.campaign, 9)
    rival = service.next_pair(store, made.graders[1], made.campaign)
    assert isinstance(rival, PairView)


def test_what_was_judged_on_the_page_meanwhile_stays(store, tmp_path, clock):
    made = make_campaign(store, pairs=1, practice=0)
    pack = packed(store, made, 1, days=1)
    clock.pass_by(days=2)
    service.begin_sitting(store, made.graders[0], made.campaign, 9)
    shown = service.next_pair(store, made.graders[0], made.campaign)
    assert isinstance(shown, PairView)
    service.submit(store, made.graders[0], shown.token, Answer("tie"))
    done = brought(store, saved(tmp_path, pack, {0: {"verdict": verdict("left")}}))
    assert (done.verdicts, done.refused) == (0, (Refusal("What of item-00?", sentences.ELSEWHERE),))
    assert [row["choice"] for row in rows(store)] == ["tie"]
    # The sitting was the page's own and stays open.
    assert store.rows("SELECT count(*) AS n FROM sitting WHERE closed IS NULL") == [{"n": 1}]


def test_an_answer_that_the_page_does_not_offer_is_refused_and_the_others_are_entered(store, tmp_path):
    made = make_campaign(store, pairs=3, practice=0)
    said = {0: {"verdict": {"choice": "best"}}, 1: {"verdict": verdict()}, 2: {"verdict": verdict(), "guess": "me"}}
    done = brought(store, saved(tmp_path, packed(store, made, 3), said))
    assert [refusal.sentence for refusal in done.refused] == [sentences.BAD_ANSWER, sentences.BAD_GUESS]
    assert (done.verdicts, [row["item"] for row in rows(store)]) == (2, ["item-01", "item-02"])


def test_who_cannot_judge_gets_no_pack(store):
    made = make_campaign(store, pairs=3, practice=0)
    with pytest.raises(StoreError, match="there is nobody called somebody here"):
        packed(store, made, grader="somebody")
    with pytest.raises(CampaignError, match=f"user {made.lead.user} may not judge in campaign {made.campaign}"):
        packed(store, made, grader="the lead")
    with pytest.raises(AccessError):
        make_pack(store, made.graders[0], made.campaign, "grader 0", 1, 7)
    packed(store, made, 3)
    with pytest.raises(CampaignError, match="there is no pair left for grader 0"):
        packed(store, made, 3)
    assert store.rows("SELECT count(*) AS n FROM lease") == [{"n": 3}]


def test_who_has_seen_results_gets_no_pack_and_gives_no_verdicts(store, tmp_path):
    made = make_campaign(store, pairs=3, practice=0)
    file = saved(tmp_path, packed(store, made, 1), {0: {"verdict": verdict()}})
    store.transaction(lambda tx: peek(tx, made.graders[0], "lead", f"campaign:{made.campaign}", {}))
    for act in (lambda: packed(store, made, 1), lambda: brought(store, file)):
        with pytest.raises(CampaignError, match=f"user {made.graders[0].user} has seen results of campaign"):
            act()
    assert rows(store) == []


def test_a_grader_with_a_pair_on_the_page_is_packed_for_later(store):
    made = make_campaign(store, pairs=3, practice=0)
    service.begin_sitting(store, made.graders[0], made.campaign, 3)
    service.next_pair(store, made.graders[0], made.campaign)
    with pytest.raises(CampaignError, match="has a pair open on the page Review until"):
        packed(store, made)
    service.close_sitting(store, made.graders[0], made.campaign)
    assert len(packed(store, made, 3).pairs) == 3


def test_what_is_given_back_at_once_is_free_again(store):
    made = make_campaign(store, pairs=2, practice=0)
    pack = packed(store, made, 2)
    give_back(store, LEAD, made.campaign, [pair.token for pair in pack.pairs])
    assert [pair.token for pair in packed(store, made, 2).pairs] == [pair.token for pair in pack.pairs]


def test_a_pack_ends_with_its_campaign_at_the_latest(store):
    made = make_campaign(store, pairs=2, practice=0)
    [row] = store.rows("SELECT expires FROM campaign")
    assert packed(store, made, 1, days=90).expires == row["expires"]
