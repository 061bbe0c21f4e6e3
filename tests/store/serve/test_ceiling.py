"""Whether a limit of memory is set for the server, as Linux tells it."""

from pathlib import Path

import pytest

from store.serve.ceiling import has_ceiling

UNIT = Path(__file__).parents[3] / "docs" / "systemd" / "assay-serve.service"


@pytest.fixture
def cgroups(monkeypatch, tmp_path):
    """Puts limits in place of those of this machine, by folder."""

    def put(own, limits):
        (tmp_path / "own").write_text(own)
        for folder, limit in limits.items():
            place = tmp_path / "cgroup" / folder
            place.mkdir(parents=True, exist_ok=True)
            (place / "memory.max").write_text(f"{limit}\n")
        monkeypatch.setattr("store.serve.ceiling.OWN", tmp_path / "own")
        monkeypatch.setattr("store.serve.ceiling.CGROUPS", tmp_path / "cgroup")

    return put


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"system.slice/assay-serve.service": 6 << 30, "system.slice": "max"}, True),
        ({"system.slice/assay-serve.service": "max", "system.slice": 6 << 30}, True),
        ({"system.slice/assay-serve.service": "max", "system.slice": "max"}, False),
        ({}, None),
    ],
)
def test_a_limit_of_the_process_or_of_what_it_is_part_of_is_one(cgroups, limits, expected):
    cgroups("1:cpu:/x\n0::/system.slice/assay-serve.service\n", limits)
    assert has_ceiling() is expected


def test_a_container_has_its_limit_at_the_top(cgroups):
    cgroups("0::/\n", {".": 6 << 30})
    assert has_ceiling() is True


def test_where_nothing_says_so_it_is_not_known(cgroups, monkeypatch, tmp_path):
    cgroups("1:cpu:/x\n", {})
    assert has_ceiling() is None
    monkeypatch.setattr("store.serve.ceiling.OWN", tmp_path / "gone")
    assert has_ceiling() is None


def test_the_unit_has_a_limit_and_is_started_again_when_it_is_reached():
    assert {"MemoryMax=6G", "MemorySwapMax=0", "Restart=always"} <= set(UNIT.read_text().splitlines())
