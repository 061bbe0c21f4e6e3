"""Verdicts: given once, changed while the sitting is open, refused with a sentence, and never lost."""

import json
from datetime import UTC

import pytest

from evals.review.answers import folded
from evals.review.service import (
    begin_sitting,
    close_campaign,
    close_sitting,
    flag,
    given,
    guess,
    next_pair,
    reopen,
    save_draft,
    sitting,
    skip,
    submit,
)  # fmt: skip
from evals.review.types import Answer, CriticalError, Given, ReviewError
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.sat import answered, pair_of, seated

BOTH = '[review]\ncriteria = ["accurate", "useful"]\n'


@pytest.fixture
def made(store):
    return make_campaign(store, pairs=4, practice=0)


@pytest.fixture
def grader(store, made):
    return seated(store, made)[0]


def side_of(store, token):
    """Which text stands left, and which right."""
    left = store.rows('SELECT "left" FROM lease WHERE token = $token', {"token": token})[0]["left"]
    return {"left": left, "right": "second" if left == "first" else "first"}


def verdicts(store):
    return store.rows(
        "SELECT choice, superseded IS NULL AS stands, final IS NOT NULL AS final FROM verdict ORDER BY id"
    )


def told(store, action):
    rows = store.rows("SELECT payload FROM audit WHERE action = $action ORDER BY seq", {"action": action})
    return [json.loads(row["payload"]) for row in rows]


def test_what_was_said_by_left_and_right_is_kept_by_first_and_second(store, clock):
    made = make_campaign(store, pairs=4, practice=0, policy=BOTH)
    grader = seated(store, made)[0]
    view = pair_of(store, grader, made.campaign)
    clock.pass_by(seconds=90)
    errors = (CriticalError("left", "wrong-fact", "It  is\n**this**"), CriticalError("right", "other", "It is that"))
    if "this" in view.right:
        errors = tuple(error._replace(side={"left": "right", "right": "left"}[error.side]) for error in errors)
    answer = Answer("left", {"useful": "right", "accurate": "tie"}, ("clear", "safe", "clear"), "  很好 ", errors)
    submit(store, grader, view.token, answer)
    row = store.rows("SELECT * FROM verdict")[0]
    side = side_of(store, view.token)
    assert row["choice"] == side["left"]
    assert json.loads(row["criteria"]) == {"accurate": "tie", "useful": side["right"]}
    assert (row["reasons"], row["comment"], row["seconds"], row["unblinded"]) == (["clear", "safe"], "很好", 90, False)
    assert json.loads(row["errors"]) == [
        {"answer": "first", "type": "wrong-fact", "quote": "It  is\n**this**"},
        {"answer": "second", "type": "other", "quote": "It is that"},
    ]
    payload = told(store, "verdict")[0]
    assert (payload["choice"], payload["seconds"]) == (side["left"], 90)
    # The comment is personal and may have to be erased; the chain stays.
    assert "很好" not in json.dumps(payload, ensure_ascii=False)


def test_the_same_answer_twice_is_one_verdict(store, made, grader):
    view = answered(store, grader, made.campaign)
    submit(store, grader, view.token, Answer("left"))
    assert len(verdicts(store)) == len(told(store, "verdict")) == 1
    assert told(store, "verdict-edit") == []


def test_the_same_answer_again_takes_the_draft_with_it_that_was_saved_meanwhile(store, made, grader):
    view = answered(store, grader, made.campaign)
    save_draft(store, grader, view.token, {"comment": "half a wo"})
    submit(store, grader, view.token, Answer("left"))
    assert store.rows("SELECT token FROM draft") == []
    assert len(verdicts(store)) == 1


def test_a_changed_answer_takes_the_others_place_and_keeps_the_first_seconds(store, made, grader, clock):
    view = pair_of(store, grader, made.campaign)
    clock.pass_by(seconds=40)
    submit(store, grader, view.token, Answer("tie"))
    clock.pass_by(minutes=50)
    submit(store, grader, view.token, Answer("both_bad"))
    assert verdicts(store) == [
        {"choice": "tie", "stands": False, "final": False},
        {"choice": "both_bad", "stands": True, "final": False},
    ]
    assert store.rows("SELECT seconds FROM verdict ORDER BY id") == [{"seconds": 40}, {"seconds": 40}]
    assert [payload["choice"] for payload in told(store, "verdict-edit")] == ["both_bad"]


def test_once_the_sitting_is_closed_a_verdict_is_final(store, made, grader):
    view = answered(store, grader, made.campaign)
    close_sitting(store, grader, made.campaign)
    assert verdicts(store)[0]["final"]
    for act in (lambda: submit(store, grader, view.token, Answer("tie")), lambda: reopen(store, grader, view.token)):
        with pytest.raises(ReviewError, match="this verdict is final, because its sitting is over"):
            act()
    # The same again is no change: a second click that comes late.
    submit(store, grader, view.token, Answer("left"))
    begin_sitting(store, grader, made.campaign, 2)
    with pytest.raises(ReviewError, match="this verdict is final"):
        submit(store, grader, view.token, Answer("tie"))
    assert given(store, grader, made.campaign) == []


def test_a_sitting_left_alone_is_over_after_the_policys_hours(store, made, grader, clock):
    view = answered(store, grader, made.campaign)
    open_pair = pair_of(store, grader, made.campaign)
    clock.pass_by(hours=12)
    assert sitting(store, grader, made.campaign) is None
    with pytest.raises(ReviewError, match="this verdict is final"):
        submit(store, grader, view.token, Answer("tie"))
    save_draft(store, grader, open_pair.token, {"choice": "left"})
    assert verdicts(store) == [{"choice": side_of(store, view.token)["left"], "stands": True, "final": True}]
    # Both graders' sittings, by nobody's hand.
    assert store.rows("SELECT actor FROM audit WHERE action = 'sitting-close'") == [{"actor": "rules"}] * 2
    with pytest.raises(ReviewError, match="begin another, and the pair comes back with what you wrote"):
        submit(store, grader, open_pair.token, Answer("left"))
    begin_sitting(store, grader, made.campaign, 2)
    again = pair_of(store, grader, made.campaign)
    assert (again.token, again.left, again.draft) == (open_pair.token, open_pair.left, {"choice": "left"})
    clock.pass_by(seconds=30)
    submit(store, grader, again.token, Answer("right"))
    assert store.rows("SELECT seconds FROM verdict WHERE token = $token", {"token": again.token}) == [{"seconds": 30}]


def test_a_late_verdict_counts_where_nobody_else_took_the_place(store, made, grader, clock):
    view = pair_of(store, grader, made.campaign)
    clock.pass_by(minutes=60)
    submit(store, grader, view.token, Answer("left"))
    assert len(verdicts(store)) == 1


def test_a_late_verdict_whose_place_went_to_someone_else_is_refused_and_what_was_written_stays(store, clock):
    made = make_campaign(store, pairs=1, practice=0)
    first, second = seated(store, made)
    view = pair_of(store, first, made.campaign)
    save_draft(store, first, view.token, {"comment": "long"})
    clock.pass_by(minutes=26)
    other = pair_of(store, second, made.campaign)
    with pytest.raises(ReviewError, match="it went to someone else; what you wrote is kept"):
        submit(store, first, view.token, Answer("left"))
    assert store.rows("SELECT fields FROM draft") == [{"fields": '{"comment": "long"}'}]
    skip(store, second, other.token, "not mine")
    submit(store, first, view.token, Answer("left"))
    assert len(verdicts(store)) == 1


def test_a_token_of_someone_else_is_refused_like_one_that_is_none(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    other = made.graders[1]
    said = set()
    for token in (view.token, "0" * 32, "", "' OR 1=1 --"):
        for act in (
            lambda token: submit(store, other, token, Answer("left")), lambda token: skip(store, other, token, "no"),
            lambda token: save_draft(store, other, token, {}), lambda token: reopen(store, other, token),
            lambda token: guess(store, other, token, "left"),
        ):  # fmt: skip
            with pytest.raises(ReviewError) as refused:
                act(token)
            said.add(str(refused.value))
    assert said == {"this pair is not known here; load the page again to get yours"}


def test_a_verdict_after_the_campaign_was_closed_is_refused_and_the_draft_stays(store, made, grader):
    kept = answered(store, grader, made.campaign)
    view = pair_of(store, grader, made.campaign)
    save_draft(store, grader, view.token, {"choice": "left"})
    close_campaign(store, made.lead, made.campaign, "enough")
    for token in (view.token, kept.token):
        with pytest.raises(ReviewError, match="this review is closed and takes no more verdicts"):
            submit(store, grader, token, Answer("tie"))
    save_draft(store, grader, view.token, {"choice": "right"})
    assert store.rows("SELECT fields FROM draft") == [{"fields": '{"choice": "right"}'}]
    assert [row["final"] for row in verdicts(store)] == [True]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer("first"), "a verdict is left, right"),
        (Answer("left", {"taste": "left"}), "a criterion was answered that this review does not ask for"),
        (Answer("left", {"useful": "both_bad"}), "a criterion was answered"),
        (Answer("left", {}, ("<script>",)), "a reason is not one of the list"),
        (Answer("left", {}, (), "x" * 501), "the comment is too long; shorten it to 500"),
        (Answer("left", {}, (), "", (CriticalError("left", "rude", "answer"),)), "a critical error needs"),
        (Answer("left", {}, (), "", (CriticalError("top", "other", "answer"),)), "a critical error needs"),
        (Answer("left", {}, (), "", (CriticalError("left", "other", "nobody said so"),)), "does not stand in that"),
        (Answer("left", {}, (), "", (CriticalError("left", "other", " \n"),)), "does not stand in that"),
    ],
)
def test_what_the_page_does_not_offer_is_refused(store, made, grader, answer, sentence):
    view = pair_of(store, grader, made.campaign)
    with pytest.raises(ReviewError, match=sentence):
        submit(store, grader, view.token, answer)
    assert verdicts(store) == []
    submit(store, grader, view.token, Answer("left", {}, (), "x" * 500))


def test_a_quote_may_differ_in_spaces_widths_marks_and_invisible_characters():
    source = "1. **Take** `one`\u200b tablet，\u202ethen ２ more.\n\n- Rest  \n"
    assert folded("Take one tablet,then 2 more.") in folded(source)
    assert folded("Take two tablets") not in folded(source)


def test_ones_own_verdicts_can_be_seen_and_opened_again_as_they_were_said(store, clock):
    made = make_campaign(store, pairs=4, practice=0, policy='[review]\ncriteria = ["useful"]\n')
    grader = seated(store, made)[0]
    first = pair_of(store, grader, made.campaign)
    answer = Answer("right", {"useful": "left"}, ("clear",), "hm", (CriticalError("left", "other", "It is"),))
    submit(store, grader, first.token, answer)
    second = answered(store, grader, made.campaign, "both_bad")
    assert given(store, grader, made.campaign) == [
        Given(second.token, second.question, "both_bad"), Given(first.token, first.question, "right"),
    ]  # fmt: skip
    assert given(store, made.graders[1], made.campaign) == []
    view = reopen(store, grader, first.token)
    assert view.draft == {
        "choice": "right", "criteria": {"useful": "left"}, "reasons": ["clear"], "comment": "hm",
        "errors": [{"side": "left", "type": "other", "quote": "It is"}], "saved": view.known,
    }  # fmt: skip
    assert view.known == int(clock.now.replace(tzinfo=UTC).timestamp() * 1000)
    assert (view.left, view.right, view.answered, view.asks_guess) == (first.left, first.right, True, False)
    save_draft(store, grader, first.token, {"choice": "left"})
    assert reopen(store, grader, first.token).draft == {"choice": "left"}


def test_a_pair_without_a_verdict_cannot_be_opened_again(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    with pytest.raises(ReviewError, match="this pair has no verdict yet"):
        reopen(store, grader, view.token)


def test_an_answer_ends_its_draft(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    save_draft(store, grader, view.token, {"choice": "left"})
    submit(store, grader, view.token, Answer("left"))
    assert store.rows("SELECT * FROM draft") == []


def test_a_skipped_pair_takes_no_verdict_and_a_judged_one_no_skip(store, made, grader):
    skipped = pair_of(store, grader, made.campaign)
    skip(store, grader, skipped.token, "unclear")
    with pytest.raises(ReviewError, match="this pair was skipped"):
        submit(store, grader, skipped.token, Answer("left"))
    judged = answered(store, grader, made.campaign)
    with pytest.raises(ReviewError, match="this pair is judged; change the verdict instead"):
        skip(store, grader, judged.token, "unclear")
    assert next_pair(store, grader, made.campaign) is not None


def test_a_verdict_needs_every_criterion_but_in_practice_and_where_both_are_unacceptable(store):
    made = make_campaign(store, pairs=4, practice=1, policy=BOTH)
    grader = made.graders[0]
    begin_sitting(store, grader, made.campaign, 4)
    submit(store, grader, pair_of(store, grader, made.campaign).token, Answer("left"))
    view = pair_of(store, grader, made.campaign)
    for criteria in ({}, {"accurate": "tie"}):
        with pytest.raises(ReviewError, match="a criterion is not answered; say which answer is better by each"):
            submit(store, grader, view.token, Answer("left", criteria))
    submit(store, grader, view.token, Answer("left", {"accurate": "tie", "useful": "right"}))
    submit(store, grader, pair_of(store, grader, made.campaign).token, Answer("both_bad"))
    assert len(verdicts(store)) == 2


def test_a_window_that_does_not_know_of_a_verdict_does_not_replace_it(store, made, grader, clock):
    view = pair_of(store, grader, made.campaign)
    submit(store, grader, view.token, Answer("left"), known=view.known)
    submit(store, grader, view.token, Answer("left"), known=view.known)
    with pytest.raises(ReviewError, match="already judged in another window; open it again to change it"):
        submit(store, grader, view.token, Answer("right"), known=view.known)
    opened = reopen(store, grader, view.token)
    clock.pass_by(seconds=5)
    submit(store, grader, view.token, Answer("tie"), known=opened.known)
    with pytest.raises(ReviewError, match="already judged in another window"):
        submit(store, grader, view.token, Answer("right"), known=opened.known)
    assert [row["stands"] for row in verdicts(store)] == [False, True]


def test_a_draft_of_before_the_verdict_does_not_come_back_with_it(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    submit(store, grader, view.token, Answer("left"))
    known = reopen(store, grader, view.token).known
    save_draft(store, grader, view.token, {"choice": "right", "saved": known - 1})
    assert reopen(store, grader, view.token).draft["choice"] == "left"
    save_draft(store, grader, view.token, {"choice": "right", "saved": known + 1})
    assert reopen(store, grader, view.token).draft["choice"] == "right"


def test_half_an_emoji_is_left_out_and_harms_nothing(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    save_draft(store, grader, view.token, {"comment": "half \ud83d"})
    assert pair_of(store, grader, made.campaign).draft == {"comment": "half "}
    flag(store, grader, view.token, "odd \ud83d")
    submit(
        store,
        grader,
        view.token,
        Answer("left", comment="so \ud83d", errors=(CriticalError("left", "other", "It is \ud83d"),)),
    )
    row = store.rows("SELECT comment, errors FROM verdict")[0]
    assert (row["comment"], json.loads(row["errors"])[0]["quote"]) == ("so", "It is")
    skip(store, grader, pair_of(store, grader, made.campaign).token, "x\ud83d")
    assert store.rows("SELECT reason FROM flag UNION ALL SELECT reason FROM lease WHERE outcome = 'skipped'") == [
        {"reason": "odd"}, {"reason": "x"},
    ]  # fmt: skip
    with pytest.raises(ReviewError, match="this pair is not known here"):
        submit(store, grader, "\ud83d", Answer("left"))


def test_a_sentence_may_be_copied_from_the_screen(store, made, grader):
    view = pair_of(store, grader, made.campaign)
    copied = Answer("left", errors=(CriticalError("left", "other", "bread & salt then rest"),))
    with pytest.raises(ReviewError, match="does not stand in that answer"):
        submit(store, grader, view.token, copied)
    submit(store, grader, view.token, copied, shown=lambda text: f"bread & salt\nthen rest, {text}")
    assert len(verdicts(store)) == 1
