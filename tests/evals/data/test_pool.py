"""Work in several processes, also where a page of Streamlit is what runs."""

import sys
from types import ModuleType

from evals.data.pool import in_processes


def test_the_script_that_runs_is_not_run_again_in_the_processes(tmp_path, monkeypatch):
    script = tmp_path / "page.py"
    script.write_text("raise SystemExit('a page is nobody's module')")
    page = ModuleType("__main__")
    page.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", page)
    assert list(in_processes(str.upper, ["a", "b", "c"], 2)) == ["A", "B", "C"]
    assert sys.modules["__main__"] is page
