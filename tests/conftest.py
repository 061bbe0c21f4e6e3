"""What tests share: a store in a temporary folder, and no skips where none are allowed."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import settings

from store.database import Store

# Machines are shared: no example fails for being slow; and a failure is the same the next time.
settings.register_profile("assay", deadline=None, derandomize=True)
settings.load_profile("assay")

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded for the tests stays, torch and all of them: it is not looked through for garbage again and again.

    Streamlit has garbage collected after each run of a script, which took a quarter of a second each time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _one_thread_of_duckdb() -> Iterator[None]:
    """One thread reads tables as small as a test's anyway; where there are more, each query takes a fifth longer."""
    connect = duckdb.connect

    def connected(database: str | Path = ":memory:", *arguments: Any, **options: Any) -> duckdb.DuckDBPyConnection:
        made = connect(database, *arguments, **options)
        # The processes that a test starts, and what it opens itself, have as many as anywhere.
        if database == ":memory:":
            made.execute("SET threads = 1")
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", connected)
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a store, empty."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a store with an empty schema, to be copied: making one takes longer than most tests."""
    made = Store.at(tmp_path_factory.mktemp("blank") / "assay.duckdb")
    made.create()
    return made.path


@pytest.fixture
def store(root: Path, blank: Path) -> Store:
    """A store with an empty schema."""
    return Store.at(shutil.copy(blank, root / blank.name))


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish(session: pytest.Session):
    """Where ASSAY_NO_SKIPS is set, a skipped test fails the session."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("ASSAY_NO_SKIPS"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        for report in skipped:
            reporter.write_line(f"skipped, which counts as a failure here: {report.nodeid} {report.longrepr}")
