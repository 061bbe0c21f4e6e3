"""Where the store is looked for."""

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
