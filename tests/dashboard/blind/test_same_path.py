"""Nothing takes longer for one model than for the other: the same is done, line by line, statement by statement.

How long a line takes is measured in `bench/blind_timing.py`.
"""

import sys
from pathlib import Path

import pytest

from dashboard import language
from dashboard.views.review_desk import Desk, take
from dashboard.views.review_stage import stage
from evals.review import service
from evals.review.types import Answer, CriticalError, PairView
from store.access import Actor
from tests.dashboard.blind.canaries import Canaries
from tests.dashboard.blind.twins import GRADER, PAIRS, secrets_of_twins, twin

CODE = Path(service.__file__).parents[2]

TRACED = tuple(str(CODE / part) for part in ("evals/review/", "dashboard/", "store/access.py", "store/audit.py"))

SQL = str(CODE / "store/database.py")

ME = Actor("oidc", GRADER)

CRITERIA = {"accurate": "right", "useful": "tie"}


class Trace:
    """Lines run in our code, and statements given to the database, of one call after the other."""

    def __init__(self):
        self.done: list[tuple[str, int | str]] = []

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _call(self, frame, event, _):
        file = frame.f_code.co_filename
        if file == SQL and frame.f_code.co_name in ("read", "execute") and "sql" in frame.f_locals:
            self.done.append((frame.f_code.co_name, frame.f_locals["sql"]))
        if not file.startswith(TRACED):
            return None
        self._line(frame, event, None)
        return self._line

    def _line(self, frame, event, _):
        if event in ("call", "line"):
            self.done.append((frame.f_code.co_filename, frame.f_lineno))
        return self._line


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    canaries, keys = Canaries(), secrets_of_twins()
    warm, *made = [
        twin(tmp_path_factory.mktemp("twin"), canaries, key, "https://i.example", swapped=swapped)
        for swapped, key in zip((False, False, True), (keys[0], *keys), strict=True)
    ]
    # What is read once and kept is read here.
    judge_all(warm.store)
    return made


@pytest.fixture
def english():
    """The language of the page, which without a browser nobody says."""
    before = language._kept.set("en")
    yield
    language._kept.reset(before)


def judge_all(store):
    """A whole sitting by the service alone; a trace a step, and what the grader got."""
    traces, got = {}, []

    def step(name, work):
        with Trace() as trace:
            done = work()
        traces[f"{len(traces)} {name}"] = trace.done
        return done

    step("begin", lambda: service.begin_sitting(store, ME, 1, 20))
    for number in range(PAIRS + 1):
        pair = step("next", lambda: service.next_pair(store, ME, 1))
        assert isinstance(pair, PairView)
        got.append((pair.left, pair.right, pair.shown_first, pair.asks_guess))
        step("draft", lambda pair=pair: service.save_draft(store, ME, pair.token, {"choice": "left"}))
        step("flag", lambda pair=pair: service.flag(store, ME, pair.token, "odd"))
        if number == 3:
            step("skip", lambda pair=pair: service.skip(store, ME, pair.token, "odd"))
            continue
        wrong = CriticalError("left", service.ERROR_TYPES[0], pair.left)
        said = Answer("left", CRITERIA, ("clearer",), "a line", (wrong,))
        step("submit", lambda pair=pair, said=said: service.submit(store, ME, pair.token, said))
        if not pair.practice:
            step("reopen", lambda pair=pair: service.reopen(store, ME, pair.token))
            step("change", lambda pair=pair: service.submit(store, ME, pair.token, Answer("right", CRITERIA)))
            step("guess", lambda pair=pair: service.guess(store, ME, pair.token, "left"))
        step("given", lambda: service.given(store, ME, 1))
        step("sitting", lambda: service.sitting(store, ME, 1))
    step("close", lambda: service.close_sitting(store, ME, 1))
    return traces, got


def candidates(store):
    """The candidate's side in each counted pair, as the store has it."""
    return [
        "left" if row["it"] else "right"
        for row in store.rows(
            'SELECT l."left" = m.candidate AS it FROM lease l JOIN mapping m ON m.item = l.item '
            "AND m.campaign_id = l.campaign_id WHERE l.grader = 1 AND l.number IS NOT NULL ORDER BY l.number"
        )
    ]


def test_every_call_runs_the_same_lines_and_statements_on_whichever_side_the_candidate_is(twins):
    (first, got), (second, also_got) = (judge_all(made.store) for made in twins)
    assert got == also_got
    sides = [candidates(made.store) for made in twins]
    assert set(sides[0]) == {"left", "right"}
    assert sides[1] == [{"left": "right", "right": "left"}[side] for side in sides[0]]
    assert first.keys() == second.keys()
    assert all(first.values())
    for step in first:
        assert first[step] == second[step], step


def test_the_page_is_drawn_by_the_same_lines_and_with_the_same_data(twins, english):
    shown, traces = [], []
    for made in twins:
        store, desk = made.store, Desk()
        for table in ("lease", "verdict"):
            store.transaction(lambda tx, name=table: tx.execute(f"DELETE FROM {name} WHERE grader = 1"))
        data = [stage(desk, store, ME)]
        with Trace() as trace:
            take(desk, store, ME, [{"id": "1", "kind": "begin", "planned": 5}])
            for _ in range(PAIRS):
                page = stage(desk, store, ME)
                data.append(page)
                if page["stage"] != "pair":
                    break
                token = page["pair"].pop("token")
                take(
                    desk,
                    store,
                    ME,
                    [
                        {
                            "id": token,
                            "kind": "submit",
                            "token": token,
                            "fields": {"choice": "left", "criteria": CRITERIA},
                        }
                    ],
                )
        shown.append(data)
        traces.append(trace.done)
    assert [page["stage"] for page in shown[0]].count("pair") > 3
    assert traces[0] == traces[1]
    for pages in shown:
        for row in pages[-1].get("given", []):
            row.pop("token")
    assert shown[0] == shown[1]


def test_a_branch_on_the_mapping_is_seen(twins):
    real = service.sitting

    def branching(store, actor, campaign):
        if candidates(store)[0] == "left":
            real(store, actor, campaign)
        return real(store, actor, campaign)

    def trace(made):
        with Trace() as traced:
            branching(made.store, ME, 1)
        return traced.done

    assert trace(twins[0]) != trace(twins[1])
