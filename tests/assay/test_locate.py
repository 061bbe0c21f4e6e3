"""Where the store is looked for."""

import pytest

import assay
from assay.errors import AssayError
from assay.locate import StoreLocation, locate_store


def test_the_nearest_runs_folder_upward_is_taken(tmp_path, monkeypatch):
    monkeypatch.delenv("ASSAY_STORE", raising=False)
    (tmp_path / "runs").mkdir()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert locate_store() == StoreLocation(tmp_path / "runs", tmp_path / "runs" / "assay.duckdb")


def test_a_file_and_a_folder_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_STORE", str(tmp_path / "elsewhere"))
    assert locate_store() == StoreLocation(tmp_path / "elsewhere", tmp_path / "elsewhere" / "assay.duckdb")
    assert locate_store(tmp_path / "team.duckdb") == StoreLocation(tmp_path, tmp_path / "team.duckdb")
    (tmp_path / "odd.duckdb").mkdir()
    assert locate_store(tmp_path / "odd.duckdb").root == tmp_path / "odd.duckdb"


@pytest.mark.parametrize(
    ("named", "address"),
    [
        ("quack://127.0.0.1:9494", "quack://127.0.0.1:9494"), ("quack:127.0.0.1:1", "quack://127.0.0.1:1"),
        ("quack:/Team.example.org", "quack://team.example.org:9494"), ("quack://[::1]:94/", "quack://[::1]:94"),
    ],
)  # fmt: skip
def test_a_server_can_be_named_and_what_is_recorded_for_it_lies_here(tmp_path, monkeypatch, named, address):
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_STORE", named)
    where = locate_store()
    assert (where.server, where.root) == (address, tmp_path / "runs")


@pytest.mark.parametrize(
    "named", ["quack://", "quack://a b", "quack://h:0", "quack://h:99999", "quack://u:p@h", "quack:"]
)
def test_an_address_that_cannot_be_one_is_refused_in_one_sentence(named):
    with pytest.raises(AssayError, match=r"is no address of a server; write it like quack://127\.0\.0\.1:9494"):
        locate_store(named)


@pytest.mark.parametrize("place", ["~nosuchuser/x", "x" * 300, "loop", "a\0b", "\ud800"])
def test_a_place_that_cannot_be_one_is_refused_in_one_sentence(tmp_path, monkeypatch, place):
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssayError, match=r"cannot be used: .*; name another place with --store or ASSAY_STORE"):
        locate_store(place)
    with pytest.raises(AssayError, match="cannot be used"):
        assay.run("mine", store=place)


def test_a_folder_that_may_not_be_looked_into_is_refused_in_one_sentence(tmp_path, monkeypatch):
    def stat(path, *, follow_symlinks=True):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.stat", stat)
    with pytest.raises(AssayError, match="cannot be used: Permission denied"):
        locate_store(tmp_path / "closed")


def test_a_current_folder_that_is_gone_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("ASSAY_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for named in (None, "runs"):
        with pytest.raises(AssayError, match="the current folder cannot be used"):
            locate_store(named)
    assert locate_store(tmp_path).root == tmp_path
