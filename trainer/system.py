"""What the machine does while a run trains: sampled now and then by a thread, recorded by the loop.

    system/cpu_percent            how busy all processors were since the sample before, 0 to 100
    system/memory_bytes           held by this process
    system/memory_percent         in use on the machine, by whomever
    system/disk_free_bytes        left to us on the disk of the run's folder
    system/gpu0/use_percent       and memory_bytes, power_watts, temperature_c: of each NVIDIA GPU, by whomever;
                                  in the order of nvidia-smi, whatever CUDA_VISIBLE_DEVICES says

What cannot be read is left out, without a word: a machine without a GPU is nothing to tell anyone about.
"""

import importlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from assay.foreign import Failure, attempt

__all__ = ["System"]

Readings = dict[str, Callable[[], float]]


class System:
    """Samples the machine from a thread of its own, so that a slow driver or disk never holds up a step."""

    def __init__(self, folder: Path, every: float) -> None:
        """Sample each `every` seconds, once entered as a context; `folder` is on the disk to look at."""
        self._folder, self._every = folder, every
        self._newest: deque[dict[str, float]] = deque(maxlen=1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="assay-system", daemon=True)

    def take(self) -> dict[str, float]:
        """The newest sample, once; empty where there is no new one. Never waits.

        The loop takes it when it records a step: only so can it never end up on a branch that is being left.
        """
        try:
            return self._newest.popleft()
        except IndexError:
            return {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        readings, nvml = _machine(self._folder), _nvml()
        gpus = _gpus(nvml) if nvml else {}
        _read(readings)  # the processors' use is counted from one reading to the next
        while not self._stop.wait(self._every):
            self._newest.append(_read(readings | gpus))
        if nvml:
            attempt(nvml.nvmlShutdown)


def _read(readings: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """What can be read now, by name."""
    found = {name: attempt(read) for name, read in readings.items()}
    return {name: float(value) for name, value in found.items() if not isinstance(value, Failure)}


def _machine(folder: Path) -> Readings:
    process = psutil.Process()
    return {
        "system/cpu_percent": psutil.cpu_percent,
        "system/memory_bytes": lambda: process.memory_info().rss,
        "system/memory_percent": lambda: psutil.virtual_memory().percent,
        "system/disk_free_bytes": lambda: psutil.disk_usage(str(folder)).free,
    }


def _nvml() -> Any:
    """NVIDIA's library, open; None where it is not installed or finds no driver."""

    def opened() -> Any:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
        return nvml

    nvml = attempt(opened)
    return None if isinstance(nvml, Failure) else nvml


def _gpus(nvml: Any) -> Readings:
    """Readings of each GPU; not every GPU has all of them."""
    readings: Readings = {}
    count = attempt(nvml.nvmlDeviceGetCount)
    for number in range(0 if isinstance(count, Failure) else count):
        gpu = attempt(nvml.nvmlDeviceGetHandleByIndex, number)
        if not isinstance(gpu, Failure):
            readings |= {f"system/gpu{number}/{name}": read for name, read in _gpu(nvml, gpu).items()}
    return readings


def _gpu(nvml: Any, gpu: Any) -> Readings:
    """https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html; power is in milliwatts there."""
    return {
        "use_percent": lambda: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
        "memory_bytes": lambda: nvml.nvmlDeviceGetMemoryInfo(gpu).used,
        "power_watts": lambda: nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,
        "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU),
    }
