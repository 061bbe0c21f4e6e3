"""Following a run under way: the sleep between two looks is where the run goes on."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.readers import find_source
from store.watch_run import hold_run, recorded_source
from store.watching import SETTLE_POLLS, Follower, Pause, Recording, RecordingError, Silence, read_once
from tests.watched import line, logged, rows_in_store, shown, values


def state(path: Path, *history: dict[str, float], step: int, max_steps: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"global_step": step, "max_steps": max_steps, "log_history": list(history)}))


def followed(
    root: Path, source: Path, *moves: Callable[[], object], clock: Iterator[float] | None = None
) -> tuple[Recording, list[str]]:
    """Follow a source; each look is followed by one of the moves, and after the last one by nothing more."""
    said: list[str] = []
    waiting = iter(moves)
    found = recorded_source(root, source) or find_source(source)
    with hold_run(root, source, found, None) as folder:
        recording = Recording(folder, source, found)
        Follower(
            recording, said.append, lambda: None, every=0.0,
            clock=time.monotonic if clock is None else lambda: next(clock),
            sleep=lambda _: (next(waiting, lambda: None)(), None)[1],
        ).run()  # fmt: skip
    return recording, said


def stop() -> None:
    raise KeyboardInterrupt


def test_a_run_is_followed_until_it_says_that_it_has_ended(root, tmp_path):
    log = logged(tmp_path / "a", line(1, 2.5, 3))
    more = [lambda step=step: logged(tmp_path / "a", line(step, 2.0, 3), mode="a") for step in (2, 3)]
    recording, _ = followed(root, log, *more)
    assert (recording.status, recording.new_points) == ("finished", 3)
    assert values(root, "a") == [(1, 1, 2.5), (1, 2, 2.0), (1, 3, 2.0)]
    assert shown(root, "a")["status"] == "finished"


def test_what_comes_shortly_after_the_end_is_recorded_too(root, tmp_path):
    log = logged(tmp_path / "a", line(3, 2.5, 3))
    late = '{"current_steps": 3, "total_steps": 3, "eval_loss": 1.5}\n'
    followed(root, log, *[lambda: None] * (SETTLE_POLLS - 1), lambda: logged(tmp_path / "a", late, mode="a"))
    assert values(root, "a", "val_loss") == [(1, 3, 1.5)]


def test_a_finished_run_followed_again_adds_nothing_and_ends_at_once(root, tmp_path):
    log = logged(tmp_path / "a", line(3, 2.5, 3))
    followed(root, log)
    before = rows_in_store(root)
    recording, _ = followed(root, log, stop)
    assert (recording.status, recording.new_points) == ("finished", 0)
    assert rows_in_store(root) == before


def test_stopped_by_hand_it_is_paused_and_goes_on_with_the_same_run(root, tmp_path):
    log = logged(tmp_path / "a", line(1, 2.5))
    recording, _ = followed(root, log, stop)
    assert recording.status == "paused"
    assert shown(root, "a")["status"] == "paused"
    logged(tmp_path / "a", line(2, 2.0), mode="a")
    followed(root, log, lambda: logged(tmp_path / "a", line(1, 9.0), mode="a"), stop)
    assert values(root, "a") == [(1, 1, 2.5), (1, 2, 2.0), (2, 1, 9.0)]
    messages = [event["message"] for event in shown(root, "a")["events"]]
    assert messages.count("watching was stopped here; the same command goes on") == 2


def test_a_log_that_is_not_begun_yet_is_waited_for(root, tmp_path):
    log = logged(tmp_path / "a", "")
    recording, _ = followed(root, log, lambda: logged(tmp_path / "a", line(3, 1.0, 3)))
    assert recording.status == "finished"
    assert values(root, "a") == [(1, 3, 1.0)]


def test_a_log_deleted_and_begun_anew_while_it_is_watched_is_a_branch(root, tmp_path):
    log = logged(tmp_path / "a", line(1, 2.5, 3) + line(2, 2.0, 3))
    moves = [log.unlink, lambda: None, lambda: logged(tmp_path / "a", line(1, 9.0, 3)),
             lambda: logged(tmp_path / "a", line(3, 8.0, 3), mode="a")]  # fmt: skip
    followed(root, log, *moves)
    assert values(root, "a") == [(1, 1, 2.5), (1, 2, 2.0), (2, 1, 9.0), (2, 3, 8.0)]


def test_a_table_that_gets_a_column_more_while_it_is_watched_adds_only_that(root, tmp_path):
    log = logged(tmp_path / "a", "step,loss\n1,2.5\n", "metrics.csv")
    followed(root, log, lambda: logged(tmp_path / "a", "step,loss,val_loss\n1,2.5,\n1,,3.5\n", "metrics.csv"), stop)
    assert values(root, "a") == [(1, 1, 2.5)]
    assert values(root, "a", "val_loss") == [(1, 1, 3.5)]
    assert len(shown(root, "a")["branches"]) == 1


def test_a_log_that_cannot_be_read_for_a_while_is_said_once_and_tried_again(root, tmp_path):
    source = tmp_path / "a"
    state(source / "trainer_state.json", {"step": 1, "loss": 2.0}, step=1)
    found = find_source(source)
    (source / "trainer_state.json").write_text("{")
    said: list[str] = []
    moves = iter([lambda: None, lambda: state(source / "trainer_state.json", {"step": 2, "loss": 2.0}, step=100)])
    with hold_run(root, source, found, None) as folder:
        recording = Recording(folder, source, found)
        Follower(recording, said.append, lambda: None, every=0, sleep=lambda _: next(moves, lambda: None)()).run()
    assert len(said) == 1
    assert said[0].endswith("try again.; trying again")
    assert values(root, "a") == [(1, 2, 2.0)]


def test_a_long_silence_is_an_event_and_so_is_its_end(root, tmp_path):
    log = logged(tmp_path / "a", line(1, 2.5))
    moves = [lambda: None] * 3 + [lambda: logged(tmp_path / "a", line(2, 2.0), mode="a"), stop]
    recording, said = followed(root, log, *moves, clock=iter([0.0, 200.0, 400.0, 900.0, 1200.0]))
    assert said == ["nothing new in trainer_log.jsonl for 7 minutes; still watching"]
    events = [(event["level"], event["message"]) for event in shown(root, "a")["events"] if event["kind"] == "silent"]
    assert sorted(events) == [
        ("info", "trainer_log.jsonl goes on after 20 minutes"),
        ("warning", "nothing new in trainer_log.jsonl for 7 minutes"),
    ]
    assert recording.status == "paused"


def test_a_log_that_speaks_seldom_is_not_called_silent():
    silence = Silence(0.0)
    assert silence.listen(200.0, 1) == Pause()
    assert silence.listen(1000.0, 0) == Pause()
    assert silence.listen(2201.0, 0) == Pause(silent_for=2001.0)
    assert silence.listen(3000.0, 0) == Pause()
    assert silence.listen(3001.0, 1) == Pause(ended_after=2801.0)
    assert silence.listen(3302.0, 0) == Pause()


def test_a_source_that_cannot_be_recorded_says_so(root, tmp_path):
    logged(tmp_path / "a", line(10, 2.5))
    found = find_source(tmp_path / "a")
    (root / "a").write_text("a file where the run's folder should be")
    recording = Recording(root / "a", tmp_path / "a", found)
    with pytest.raises(RecordingError, match="cannot record in"):
        read_once(recording)
    with pytest.raises(RecordingError, match="cannot record in"):
        Follower(recording, lambda _: None, lambda: None, sleep=lambda _: stop()).run()
