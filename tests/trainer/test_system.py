"""What the machine does is recorded beside the training, on the right branch, and never in its way."""

import sys
from types import SimpleNamespace

import pytest

from store.requests import Request
from tests.trainer.seen import ENDLESS, Person, metric, wait_for
from trainer.config import Config
from trainer.session import resume_run, start_run
from trainer.system import System

MACHINE = {
    "system/cpu_percent": 12.5,
    "system/memory_bytes": 2048.0,
    "system/memory_percent": 50.0,
    "system/disk_free_bytes": 4096.0,
}


class NVMLError(Exception):
    """As pynvml's own, a child of Exception alone."""


class FakeNvml:
    """Three GPUs: one that tells everything, one that does not tell its power, and one that fell off the bus."""

    NVML_TEMPERATURE_GPU = 0

    def __init__(self):
        self.opened = 0

    def nvmlInit(self):  # noqa: N802 - NVIDIA's name
        self.opened += 1

    def nvmlShutdown(self):  # noqa: N802 - NVIDIA's name
        self.opened -= 1

    def nvmlDeviceGetCount(self):  # noqa: N802 - NVIDIA's name
        return 3

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802 - NVIDIA's name
        if index == 2:
            raise NVMLError("GPU is lost")
        return index

    def nvmlDeviceGetUtilizationRates(self, gpu):  # noqa: N802 - NVIDIA's name
        return SimpleNamespace(gpu=90 + gpu, memory=1)

    def nvmlDeviceGetMemoryInfo(self, gpu):  # noqa: N802 - NVIDIA's name
        return SimpleNamespace(total=8 << 30, free=7 << 30, used=1 << 30)

    def nvmlDeviceGetPowerUsage(self, gpu):  # noqa: N802 - NVIDIA's name
        if gpu == 1:
            raise NVMLError("Not Supported")
        return 250_500

    def nvmlDeviceGetTemperature(self, gpu, sensor):  # noqa: N802 - NVIDIA's name
        assert sensor == self.NVML_TEMPERATURE_GPU
        return 60 + gpu


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine whose values are MACHINE's, where `tmp_path` is looked at."""
    ours = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=2048))
    fake = SimpleNamespace(
        Process=lambda: ours,
        cpu_percent=lambda: 12.5,
        virtual_memory=lambda: SimpleNamespace(percent=50.0),
        disk_usage=lambda path: SimpleNamespace(free={str(tmp_path): 4096}[path]),
    )
    monkeypatch.setattr("trainer.system.psutil", fake)
    return fake


def sample(folder):
    """The first sample of a thread that takes many."""
    with System(folder, 0.01) as system:
        return wait_for(system.take)


def refuse(*_):
    raise OSError(5, "Input/output error")


def test_processors_memory_and_disk_are_read(machine, tmp_path):
    assert sample(tmp_path) == MACHINE


def test_this_machine_can_be_read(tmp_path):
    found = sample(tmp_path)
    assert list(found) == list(MACHINE)
    assert 0 <= found["system/cpu_percent"] <= 100
    assert 0 < found["system/memory_percent"] <= 100
    assert found["system/memory_bytes"] > 1 << 20


@pytest.mark.parametrize("name", ["cpu_percent", "virtual_memory", "disk_usage"])
def test_what_cannot_be_read_is_left_out_and_the_rest_is_not(machine, tmp_path, capfd, name):
    setattr(machine, name, refuse)
    lost = {
        "cpu_percent": "system/cpu_percent",
        "virtual_memory": "system/memory_percent",
        "disk_usage": "system/disk_free_bytes",
    }
    assert sample(tmp_path) == {key: value for key, value in MACHINE.items() if key != lost[name]}
    assert capfd.readouterr() == ("", "")


def test_each_gpu_tells_what_it_knows_and_the_driver_is_closed(machine, tmp_path, monkeypatch):
    nvml = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert sample(tmp_path) == MACHINE | {
        "system/gpu0/use_percent": 90.0,
        "system/gpu0/memory_bytes": 1073741824.0,
        "system/gpu0/power_watts": 250.5,
        "system/gpu0/temperature_c": 60.0,
        "system/gpu1/use_percent": 91.0,
        "system/gpu1/memory_bytes": 1073741824.0,
        "system/gpu1/temperature_c": 61.0,
    }
    assert nvml.opened == 0


def test_the_installed_library_has_what_is_asked_of_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "pynvml")
    pynvml = pytest.importorskip("pynvml")
    asked = [name for name in vars(FakeNvml) if name.startswith(("nvml", "NVML_"))]
    assert len(asked) == 9
    assert [name for name in asked if not hasattr(pynvml, name)] == []


@pytest.mark.parametrize("lacks", ["the library", "the driver", "a count"])
def test_a_machine_without_a_gpu_is_nothing_to_tell_about(machine, tmp_path, monkeypatch, capfd, lacks):
    def refused(self):
        raise NVMLError("Driver Not Loaded")

    if lacks != "the library":
        monkeypatch.setitem(sys.modules, "pynvml", FakeNvml())
        monkeypatch.setattr(FakeNvml, "nvmlInit" if lacks == "the driver" else "nvmlDeviceGetCount", refused)
    assert sample(tmp_path) == MACHINE
    assert capfd.readouterr() == ("", "")


def test_the_newest_sample_is_taken_once(tmp_path):
    system = System(tmp_path, 60)
    system._newest.append({"system/cpu_percent": 1.0})
    system._newest.append({"system/cpu_percent": 2.0})
    assert [system.take(), system.take()] == [{"system/cpu_percent": 2.0}, {}]


def test_a_run_looks_at_the_machine_unless_told_not_to(config_for, store):
    assert Config().record.system_seconds == 10.0
    Person(store, "stop-and-save", first=lambda: len(metric(store, "system/disk_free_bytes")) > 1)
    ended = start_run(config_for(record__system_seconds=0.1, **ENDLESS), store)
    assert ended.outcome.stopped_by == "lin"
    steps = metric(store, "loss").keys()
    for name in MACHINE:
        seen = metric(store, name)
        assert 1 < len(seen) < len(steps)
        assert seen.keys() <= steps


@pytest.fixture
def at_each_step(monkeypatch):
    """A sample that is new at each step: 1, 2, 3 and so on."""
    count = iter(range(1, 1000))
    monkeypatch.setattr(System, "take", lambda self: {"system/cpu_percent": next(count)})


def test_after_a_rollback_of_a_live_run_samples_are_on_the_new_branch(config_for, store, monkeypatch, at_each_step):
    back = Request(1, "rollback", {"step": 3}, "lin")
    asked = iter([None, None, None, None, back])
    monkeypatch.setattr("trainer.inbox.Inbox.next", lambda self, timeout=0.0: next(asked, None))
    monkeypatch.setattr("trainer.inbox.Inbox.answer", lambda self, request, result: None)
    start_run(config_for(record__system_seconds=60), store)
    seen = {(1, 1): 1, (1, 2): 2, (1, 3): 3, (1, 4): 4, (1, 5): 5, (2, 4): 6, (2, 5): 7, (2, 6): 8}
    assert metric(store, "system/cpu_percent") == seen
    assert metric(store, "loss").keys() == seen.keys()
    assert store.rows("SELECT count(*) AS n FROM branch") == [{"n": 2}]


def test_a_run_that_goes_on_from_an_earlier_step_has_its_samples_there(config_for, store, at_each_step):
    start_run(config_for(), store)
    resume_run("r@3", ["record.system_seconds=60"], store)
    assert metric(store, "system/cpu_percent") == {(2, 4): 1, (2, 5): 2, (2, 6): 3}
