"""`log.txt` keeps what a person saw while a run trained, and never stands in its way."""

import re
from datetime import UTC, datetime

import pytest

from assay.errors import AssayError
from store.check import check_store
from store.loading import load_spools
from store.readers.find import find_source
from store.runs import remove_run
from tests.trainer.seen import ENDLESS, Person, dies_at
from tests.trainer.test_training import _poisoned
from trainer.errors import TrainingError
from trainer.progress import ProgressLine
from trainer.runlog import RunLog
from trainer.session import resume_run, start_run

TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ")


def entries(folder):
    """Entries of a run's log without their times, and loss and speed of a step as dots."""
    text = (folder / "log.txt").read_text(encoding="utf-8")
    assert text.endswith("\n")
    parts = re.split(r"\n(?! {4})", text.removesuffix("\n"))
    assert all(TIME.match(part) for part in parts)
    return [re.sub(r"loss [\d.]+  [\d,]+ tokens/s", "…", TIME.sub("", part, count=1)) for part in parts]


def test_a_run_logs_what_it_says_and_its_first_and_last_step_with_utc_times(config_for, store, data_file):
    data_file.write_text(data_file.read_text().replace("It is 6.", " "))
    before = datetime.now(UTC).replace(microsecond=0)
    ended = start_run(config_for(), store)
    assert entries(ended.folder) == [
        "1 of 24 rows of sums.jsonl are left out: no token of an answer is left in them (rows 3)",
        "r: step 1 of 6, …", "r: step 6 of 6, …",
    ]  # fmt: skip
    times = TIME.findall((ended.folder / "log.txt").read_text())
    assert before <= datetime.fromisoformat(times[0]) <= datetime.fromisoformat(times[-1]) <= datetime.now(UTC)


def test_a_run_that_crashes_logs_its_traceback_and_goes_on_below_it(config_for, store, monkeypatch):
    with dies_at(monkeypatch, 5, "the power\nfailed"):
        start_run(config_for(), store)
    resume_run("r", [], store)
    first, crash, onward, *rest = entries(store.root / "r")
    assert first == "r: step 1 of 6, …"
    assert crash.startswith("Traceback (most recent call last):\n    ")
    assert crash.endswith("\n    RuntimeError: the power\n    failed")
    assert onward == "r goes on after step 3 of 6"
    assert rest == ["r: step 4 of 6, …", "r: step 6 of 6, …"]


def test_an_error_for_people_is_logged_as_its_sentence(config_for, store, monkeypatch):
    monkeypatch.setattr("trainer.step.Engine.measure", _poisoned(steps=set(range(5, 999))))
    with pytest.raises(TrainingError) as caught:
        start_run(config_for(**{**ENDLESS, "train__steps": 100}, guard__mode="watch"), store)
    assert entries(store.root / "r") == [
        "r: step 1 of 100, …",
        "step 5: not a number: the loss is nan, the step was not taken",
        "step 7: not a number: the loss is nan, the third such step in a row (the guard only watches)",
        str(caught.value),
    ]  # fmt: skip


def test_what_was_asked_of_a_run_and_who_stopped_it_is_logged(config_for, store):
    Person(store, "stop-and-save")
    ended = start_run(config_for(**ENDLESS), store)
    step = ended.outcome.state.step
    assert [entry for entry in entries(ended.folder) if ": step" not in entry] == [
        f"lin asked to stop-and-save: stops after step {step} and saves", f"stopped at step {step} of 100000 by lin",
    ]  # fmt: skip


def test_ctrl_c_is_logged_without_a_traceback(tmp_path):
    with pytest.raises(KeyboardInterrupt), RunLog(tmp_path):
        raise KeyboardInterrupt
    assert entries(tmp_path) == ["stopped by Ctrl-C"]


def test_a_place_that_refuses_costs_the_log_and_nothing_else(config_for, store, monkeypatch):
    config = config_for()
    (store.root / "away").mkdir()
    monkeypatch.setattr("trainer.runlog.LOG", "../away")
    assert start_run(config, store).outcome.state.step == 6
    assert list((store.root / "away").iterdir()) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_a_disk_that_refuses_is_no_error(tmp_path, monkeypatch, error):
    def refuse(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", refuse)
        RunLog(tmp_path).write("lost")
    RunLog(tmp_path).write("kept")
    assert entries(tmp_path) == ["kept"]


def test_a_removed_run_is_not_made_anew(tmp_path):
    RunLog(tmp_path / "r").write("lost")
    assert list(tmp_path.iterdir()) == []


def test_a_log_has_an_end_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.runlog.LIMIT_BYTES", 1000)
    for _ in range(2):
        log = RunLog(tmp_path)
        for number in range(10):
            log.write(f"{number} {'—' * 100}")
    assert [entry.split()[0] for entry in entries(tmp_path)] == ["0", "1", "2", "3", "this"]
    assert entries(tmp_path)[-1] == "this log has 0.001 MB and ends here; the run goes on"


def test_a_text_that_is_no_unicode_is_logged(tmp_path):
    RunLog(tmp_path).write("a file \udcff")
    assert entries(tmp_path) == ["a file ?"]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_log_is_the_same_whether_or_not_a_person_watches(tmp_path, monkeypatch, capfd, is_terminal):
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if is_terminal else "0")
    with ProgressLine("[b]r", 3, 0, RunLog(tmp_path)) as progress:
        for step in (1, 2, 3):
            progress.step(step, 1.0, 2000.0)
        progress.say("saved [as] it is")
    assert entries(tmp_path) == ["[b]r: step 1 of 3, …", "[b]r: step 3 of 3, …", "saved [as] it is"]
    shown = capfd.readouterr().err
    assert ("step 3 of 3" in shown) is not is_terminal
    assert "saved [as] it is" in shown


def test_a_log_is_no_source_to_watch_harms_no_check_and_is_removed_with_its_run(config_for, store):
    folder = start_run(config_for(), store).folder
    assert (folder / "log.txt").is_file()
    for place in (folder, store.root):
        with pytest.raises(AssayError, match="nothing to follow in"):
            find_source(place)
    load_spools(store)
    assert [check.says for check in check_store(store) if not check.ok] == []
    remove_run(store, "r")
    assert not folder.exists()
