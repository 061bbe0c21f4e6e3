"""Run · Spikes, the banner of an alarm and the guard's state, as a viewer sees them."""

import pytest

import assay
from dashboard.texts import TEXTS
from dashboard.views.menu import VIEWS
from store.clock import utc_now
from store.database import Store
from store.loading import load_spools
from store.requests import waiting
from tests.dashboard import spiky
from tests.dashboard.test_run_views import opened as run_page
from tests.dashboard.test_run_views import shown


def recorded(store, name, make, status="running"):
    """A run made by `make`, as it looks while it goes on (or waits, or has ended)."""
    run = assay.run(name, store=store.root)
    make(run)
    run.finish()
    load_spools(store)
    if status in ("running", "paused"):
        be(store, name, status)


def be(store, name, status):
    values = {"name": name, "status": status, "now": utc_now()}
    store.transaction(
        lambda tx: tx.execute(
            "UPDATE run SET status = $status, ended = NULL, heartbeat = $now WHERE name = $name", values
        )
    )


def opened(monkeypatch, store, run, view="spikes", **asked):
    return run_page(monkeypatch, store, run, view, **asked)


def links(app):
    return [link.proto.label for link in app.get("page_link")]


@pytest.fixture(scope="module")
def spiked(tmp_path_factory):
    """A run that was healed and ended, one in which the guard asks, one in which it tries the control."""
    store = Store.at(tmp_path_factory.mktemp("spiked") / "assay.duckdb")
    recorded(store, "healed", spiky.healed, "finished")
    recorded(store, "asks", spiky.given_up, "paused")
    recorded(store, "trying", spiky.trying)
    return store


@pytest.fixture(autouse=True)
def _alive(request):
    """Runs that go on have just said so, however long the tests before took."""
    if "spiked" in request.fixturenames:
        store = request.getfixturevalue("spiked")
        for name, status in (("asks", "paused"), ("trying", "running")):
            be(store, name, status)


@pytest.mark.parametrize(("view", "language"), [*((view, "en") for view in VIEWS), ("data", "zh"), ("spikes", "zh")])
def test_the_banner_stands_on_every_view_while_the_guard_waits(monkeypatch, spiked, view, language):
    app = opened(monkeypatch, spiked, "asks", view, lang=language)
    words = TEXTS["banner.asks"][language].format(step="151")
    assert f'role="alert">{words}' in shown(app)
    assert TEXTS["guard.asks"][language] in shown(app)
    assert (TEXTS["banner.link"][language] in links(app)) == (view != "spikes")


@pytest.mark.parametrize("view", ["curves", "spikes"])
def test_the_banner_says_what_is_tried(monkeypatch, spiked, view):
    words = shown(opened(monkeypatch, spiked, "trying", view))
    assert "Spike at step 151 (stays high): the guard went back to step 140 and tries: replay, unchanged" in words
    assert "guard acts" in words


@pytest.mark.parametrize("view", ["log", "spikes"])
def test_a_run_that_is_well_or_has_ended_has_no_banner(monkeypatch, spiked, view):
    app = opened(monkeypatch, spiked, "healed", view)
    assert "a-banner" not in shown(app)
    assert "guard acts" not in shown(app)


def test_the_banner_goes_once_someone_lets_the_run_go_on_and_comes_back_with_news(monkeypatch, empty_store):
    run = assay.run("r", store=empty_store.root)
    spiky.given_up(run)
    run.status("running")
    spiky.steps(run, 161, 165, factor=4.0)
    run.finish()
    load_spools(empty_store)
    be(empty_store, "r", "running")
    words = shown(opened(monkeypatch, empty_store, "r"))
    assert "a-banner" not in words
    assert "Someone let the run go on." in words
    assert TEXTS["guard.let_go"]["en"] in words
    run = assay.run("r", store=empty_store.root, resume=True)
    spiky.alarm(run, 166, "T0", "skip", onset=151, acts=False)
    run.finish()
    load_spools(empty_store)
    be(empty_store, "r", "running")
    assert "Alarm at step 166 (not a number): the step was not taken." in shown(opened(monkeypatch, empty_store, "r"))


def an_hour_ago(tx):
    tx.execute("UPDATE event SET time = time - INTERVAL 1 HOUR")


@pytest.mark.parametrize(("more", "is_there"), [(1, True), (19, True), (20, False)])
def test_the_banner_of_a_skip_goes_after_enough_clean_steps(monkeypatch, empty_store, more, is_there):
    def jump(run):
        run.facts(config=spiky.CONFIG)
        spiky.steps(run, 1, 90 + more, verdicts={90: "skip"})
        spiky.alarm(run, 90, "T1", "skip", onset=90)

    recorded(empty_store, "r", jump)
    # However many steps were done, an alarm is shown for a while.
    assert "Alarm at step 90 (jump)" in shown(opened(monkeypatch, empty_store, "r"))
    empty_store.transaction(an_hour_ago)
    words = shown(opened(monkeypatch, empty_store, "r"))
    assert ("Alarm at step 90 (jump): the step was not taken." in words) is is_there
    assert (TEXTS["spikes.now.over"]["en"].format(step="90") in words) is not is_there


@pytest.mark.parametrize(
    ("mode", "steps", "said"),
    [("act", 31, "guard arms at step 32"), ("act", 32, "guard acts"), ("watch", 32, "guard watches")],
)
def test_the_head_says_how_the_guard_is(monkeypatch, empty_store, mode, steps, said):
    def quiet(run):
        run.facts(config={"guard": {"mode": mode}})
        run.log(0, val_loss=3.0)
        spiky.steps(run, 1, steps)

    recorded(empty_store, "r", quiet)
    words = shown(opened(monkeypatch, empty_store, "r", "log"))
    assert f">{said}</span>" in words
    assert f"The guard has looked at {steps} steps" in shown(opened(monkeypatch, empty_store, "r"))


def forked(**baseline):
    def make(run):
        run.facts(config={"guard": {"mode": "act"}})
        run.event("fork", "goes on from base/1@100", step=100, **baseline)
        spiky.steps(run, 101, 110)

    return make


def resumed(**baseline):
    def make(run):
        run.facts(config={"guard": {"mode": "act"}})
        spiky.steps(run, 1, 50)
        run.fork(after=40, reason="resume", data={"abandoned_to": 50})
        run.event("resume", "goes on", step=40, **baseline)
        spiky.steps(run, 41, 45)

    return make


def sent_back(**baseline):
    def make(run):
        run.facts(config={"guard": {"mode": "act"}})
        spiky.steps(run, 1, 50)
        run.fork(after=20, reason="rollback", data={"actor": "lin", "abandoned_to": 50, **baseline})
        spiky.steps(run, 21, 24)

    return make


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (forked(baseline={"arms_at": None}), "guard acts"),
        (forked(baseline={"arms_at": 112}), "guard arms at step 112"),
        (forked(baseline={"arms_at": 132, "reset": "optim.lr was set anew"}), "guard arms at step 132"),
        # One that was recorded before this was.
        (forked(), "guard arms at step 132"),
        (resumed(baseline={"arms_at": None}), "guard acts"),
        (resumed(baseline={"arms_at": 72, "reset": "optim.lr was set anew"}), "guard arms at step 72"),
        (resumed(), "guard acts"),
        (sent_back(baseline={"arms_at": 32}), "guard arms at step 32"),
        (sent_back(baseline={"arms_at": 52, "reset": "train.steps was set anew"}), "guard arms at step 52"),
        (sent_back(), "guard arms at step 32"),
    ],
)
def test_the_head_says_what_came_along_where_the_run_went_on(monkeypatch, empty_store, make, said):
    recorded(empty_store, "r", make)
    assert f">{said}</span>" in shown(opened(monkeypatch, empty_store, "r", "log"))


def test_the_guard_arms_anew_where_the_learning_rate_rises_again(monkeypatch, empty_store):
    def slower(run):
        spiky.begin(run)
        spiky.until_the_spike(run)
        changed = {"left_out": [[141, 170]], "lr": 0.5, "rewarm_after": 170, "rewarm": 50}
        spiky.go_back(run, "slower", 160, 140, alarm_at=160, onset=151, remedies=changed, tries=2)
        spiky.left_out(run, 141, 170)
        spiky.steps(run, 171, 175)

    recorded(empty_store, "r", slower)
    words = shown(opened(monkeypatch, empty_store, "r"))
    assert "guard arms at step 202" in words
    assert "steps 141 – 170 left out · learning rate × 0.5 · rising again over 50 steps" in words


def test_a_guard_that_only_watches_says_so(monkeypatch, empty_store):
    def watched(run):
        run.facts(config={"guard": {"mode": "watch"}})
        spiky.steps(run, 1, 60)
        spiky.alarm(run, 60, "T2", "rollback", onset=52, acts=False)

    recorded(empty_store, "r", watched)
    words = shown(opened(monkeypatch, empty_store, "r"))
    assert "Alarm at step 60 (stays high): the guard only watches." in words
    assert TEXTS["spikes.did.watched"]["en"] in words


def test_a_healed_run_tells_each_spike_and_what_was_shown_of_its_cause(monkeypatch, spiked):
    words = shown(opened(monkeypatch, spiked, "healed"))
    assert "Nothing is wrong now. The last spike, at step 151, is over." in words
    assert "The loss was above 1.900 in at least 8 of the last 10 steps and is 4.500 now" in words
    assert "Step 152 was not taken" in words
    assert "Went back from step 160 to step 140 and did the same again, unchanged" in words
    assert "Went back from step 157 to step 140; from there on: steps 141 – 167 left out." in words
    assert "Linked to the batch: done again unchanged it came back" in words
    assert "bit for bit" in words
    assert "Update size of embeddings" in words
    assert "bad data" not in words.casefold()
    assert words.index("<b>step 151</b>") < words.index("<b>step 90</b>") < words.index("<b>step 60</b>")


def test_what_is_near_the_beginning_is_not_said_to_be_compared_with_128_steps(monkeypatch, spiked):
    words = shown(opened(monkeypatch, spiked, "healed"))
    assert words.count(TEXTS["spikes.against"]["en"]) == 1
    assert words.count(TEXTS["spikes.against.so_far"]["en"]) == 2


def test_a_drag_is_spoken_of_only_where_there_is_a_mouse(monkeypatch, spiked):
    said = next(block.body for block in opened(monkeypatch, spiked, "healed").html if "a-drag" in block.body)
    kept, _, hidden = said.partition('<span class="a-drag">')
    assert kept.endswith(TEXTS["spikes.line.note"]["en"])
    assert hidden.startswith(f" · {TEXTS['curves.brush']['en']}")


def test_the_branches_are_told_with_why_and_what_is_changed(monkeypatch, spiked):
    words = shown(opened(monkeypatch, spiked, "healed"))
    assert "guard: leave these samples out; spike at step 151" in words
    assert "active up to step 140" in words
    assert "branch 2 after step 140" in words
    # loss, lanes, branches, groups of layers
    assert len(opened(monkeypatch, spiked, "healed").get("vega_lite_chart")) == 4


def test_samples_are_shown_as_text_with_a_warning(monkeypatch, spiked):
    words = shown(opened(monkeypatch, spiked, "healed"))
    assert TEXTS["spikes.samples.what"]["en"] in words
    assert "&lt;script&gt;alert(1)&lt;/script&gt; refund" in words
    assert "<script>" not in words
    assert "<b>Inf</b>" in words


def test_another_spike_and_signal_can_be_looked_at_and_are_in_the_address(monkeypatch, spiked):
    app = opened(monkeypatch, spiked, "healed")
    assert app.selectbox(key="spike-of-1").value == "1@152"
    app.selectbox(key="spike-of-1").set_value("1@90").run()
    assert app.query_params["spike"] == "1@90"
    assert TEXTS["spikes.heat.title"]["en"].format(step="90") in shown(app)
    app.get("button_group")[-1].set_value("rms_t").run()
    assert app.query_params["signal"] == "rms_t"
    assert TEXTS["spikes.heat.rms_t"]["en"] in shown(app)
    again = opened(monkeypatch, spiked, "healed", spike="1@60", signal="nonsense")
    assert TEXTS["spikes.samples.none"]["en"] in shown(again)
    assert again.get("button_group")[-1].value == "grad_norm"


def test_going_back_is_asked_for_only_after_it_was_confirmed(monkeypatch, spiked):
    app = opened(monkeypatch, spiked, "asks")
    words = shown(app)
    assert "safe to return to" in words
    assert TEXTS["spikes.points.sealed"]["en"] in words
    assert waiting(spiked, "asks") == []
    app.button(key="ask-rollback-2-120").click().run()
    assert [(request.kind, request.args) for request in waiting(spiked, "asks")] == [("rollback", {"step": 120})]
    assert app.button(key="ask-rollback-2-120").disabled


def test_an_ended_run_names_the_command_that_goes_on_from_the_newest_safe_point(monkeypatch, spiked):
    app = opened(monkeypatch, spiked, "healed")
    assert any("assay train --resume healed@120" in block.value for block in app.code)
    assert not any(button.key and button.key.startswith("ask-rollback") for button in app.button)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_run_that_nobody_watches_says_how_to_look_at_it(monkeypatch, full_store, language):
    words = shown(opened(monkeypatch, full_store, "watched", lang=language))
    assert TEXTS["spikes.now.unguarded"][language] in words
    assert f"assay spikes detect watched --store {full_store.path}" in words


def test_a_command_with_an_odd_name_can_be_pasted(monkeypatch, empty_store):
    name = "实验 v2; $HOME"
    with assay.run(name, store=empty_store.root) as run:
        run.log(1, loss=1.0)
    load_spools(empty_store)
    assert f"assay spikes detect '{name}' --store" in shown(opened(monkeypatch, empty_store, name))


def test_a_run_that_ended_in_a_spike_says_so(monkeypatch, empty_store):
    def broken(run):
        spiky.begin(run)
        spiky.until_the_spike(run)

    recorded(empty_store, "r", broken, "finished")
    assert TEXTS["spikes.now.ended"]["en"].format(step="151") in shown(opened(monkeypatch, empty_store, "r"))


def test_a_rollback_by_hand_ends_the_spike_and_names_who_did_it(monkeypatch, empty_store):
    def by_hand(run):
        spiky.given_up(run)
        run.fork(after=120, reason="rollback", data={"actor": "ann", "abandoned_to": 160})
        run.status("running")
        spiky.steps(run, 121, 125)

    recorded(empty_store, "r", by_hand)
    words = shown(opened(monkeypatch, empty_store, "r"))
    assert "ann went back from step 160 to step 120." in words
    assert "rolled back by ann" in words
    assert "a-banner" not in words


@pytest.mark.parametrize(("equal", "language"), [(False, "en"), (False, "zh"), (True, "en")])
def test_the_head_of_a_run_that_is_not_exact_says_so(monkeypatch, empty_store, equal, language):
    sentence = "goes on in one process, where the checkpoint was written by 2 processes (ddp)"
    with assay.run("r", store=empty_store.root) as run:
        run.log(1, loss=2.0)
        run.event("replay", sentence, level="warning", step=1, equal=equal, resharded=True)
    load_spools(empty_store)
    words = shown(opened(monkeypatch, empty_store, "r", "curves", lang=language))
    assert (f">{TEXTS['run.not_exact'][language]}</span>" in words) == (not equal)
    assert (TEXTS["run.not_exact.help"][language] in words) == (not equal)
    # It is English, which a Chinese page does not mix in.
    assert (sentence in words) == (not equal and language == "en")
