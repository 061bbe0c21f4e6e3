"""What lies free in a process's heaps is given back."""

import subprocess
import sys

import pytest

from store.heap import giving_back

HELD = """
import threading, time
import psutil
from store.heap import few_arenas, give_back_memory

few_arenas()
rss = psutil.Process().memory_info
held = [b"x" * 50_000 for _ in range(4_000)]
kept = held[::100]
del held
full = rss().rss
give_back_memory()
print((full - rss().rss) / 1e6, len(kept))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to")
def test_what_lies_free_between_what_is_in_use_is_given_back():
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    given, kept = done.stdout.split()
    assert float(given) > 100, "of 200 MB a hundredth is in use"
    assert kept == "40"


def test_it_is_done_again_and_ends_with_its_context(monkeypatch):
    times = []
    monkeypatch.setattr("store.heap.give_back_memory", lambda: times.append(1))
    with giving_back(0.005):
        while len(times) < 3:
            pass
    after = len(times)
    with giving_back(3600):
        pass
    assert len(times) == after
