"""What the code of the expert's page may not even contain."""

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

import dashboard
from evals.review import types

ROOT = Path(dashboard.__file__).parent

FILES = [
    ROOT / "app_pages" / "review.py", ROOT / "component.py", ROOT / "hostile.py",
    *(file for file in sorted((ROOT / "views").glob("review*.py")) if file.name != "review_demo.py"),
]  # fmt: skip

STORE = {"store.database", "store.access", "store.errors"}

SERVICE = {
    "evals.review", "evals.review.service", "evals.review.types", "evals.review.pace", "evals.review.sentences",
    "evals.review.answers", "evals.review.settling", "evals.review.fields",
}  # fmt: skip

DASHBOARD = {
    "dashboard", "dashboard.widgets", "dashboard.views", "dashboard.identity", "dashboard.language",
    "dashboard.hostile", "dashboard.model_text", "dashboard.words", "dashboard.texts",
}  # fmt: skip

NAMED_ALONE = {
    "dashboard": {"cached", "component", "widgets", "identity"},
    "dashboard.views": {"review", "overview", "review_demo"},
}
"""What these modules take from packages, by name."""

SPEAKING = ("model", "candidate", "baseline", "run", "step", "checkpoint", "path", "folder", "file", "digest", "sha",
            "item", "place", "score", "name", "seed", "mapping", "first", "second")  # fmt: skip

SHOWN_FIRST = "shown_first"


def tree(file):
    return ast.parse(file.read_text(encoding="utf-8"))


def calls(file):
    return [node for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]


def imported(file):
    """Modules that a file imports, each with the names taken from it."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom):
            yield node.module, {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            yield from ((alias.name, set()) for alias in node.names)


def is_constant(node, file):
    """A text in the code, or a name that is one at the top of the file."""
    named = {
        target.id
        for statement in tree(file).body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in named)


def test_there_are_files_to_look_at():
    assert len(FILES) >= 6
    assert all(file.exists() for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_keys_of_widgets_are_constant(file):
    keys = [word.value for call in calls(file) for word in call.keywords if word.arg == "key"]
    assert all(is_constant(key, file) for key in keys)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_imports_nothing_that_knows_what_is_judged(file):
    ours = ("assay.", "store", "evals", "dashboard")
    for module, names in imported(file):
        if not module.startswith(ours) or module == "assay.version":
            continue
        reached = module in STORE | SERVICE | DASHBOARD or module.startswith("dashboard.views.review_")
        # The page's first sentence where the person at this machine has no run yet.
        assert reached or module == "dashboard.views.overview", module
        assert names <= NAMED_ALONE.get(module, names), (module, names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_cached_so_that_no_spinner_names_a_function(file):
    assert "cache_data" not in file.read_text(encoding="utf-8")
    assert "cache_resource" not in file.read_text(encoding="utf-8")


def test_caches_of_the_dashboard_show_no_spinner():
    for file in ROOT.rglob("*.py"):
        for call in calls(file):
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("cache_data", "cache_resource"):
                shown = {word.arg: word.value for word in call.keywords}.get("show_spinner")
                assert isinstance(shown, ast.Constant), file
                assert shown.value is False, file


def test_the_part_for_demos_is_for_whoever_sits_at_the_machine_alone():
    """There one has both models at hand, and what is judged after a look counts as unblinded."""
    page = ROOT / "views" / "review.py"
    shown = [
        ast.unparse(branch.test)
        for branch in ast.walk(tree(page))
        if isinstance(branch, ast.If) and "review_demo." in "".join(map(ast.unparse, branch.body))
    ]
    uses = [node for node in ast.walk(tree(page)) if isinstance(node, ast.Name) and node.id == "review_demo"]
    assert len(shown) == len(uses) == 1
    # Nobody is played elsewhere than at a demo's machine: tests/dashboard/test_story.py.
    assert "who.way in ('local', 'persona') and cached.is_demo(cached.store_path())" in shown[0]


def test_the_page_of_an_expert_reads_no_table():
    for file in FILES:
        reads = [
            call for call in calls(file) if isinstance(call.func, ast.Attribute) and call.func.attr in ("read", "rows")
        ]
        assert reads == [], file


def test_no_type_that_leaves_the_service_has_a_field_that_could_name_a_model():
    found = set()
    for name in types.__all__:
        made = getattr(types, name)
        if not inspect.isclass(made) or issubclass(made, Exception):
            continue
        fields = made._fields if hasattr(made, "_fields") else [each.name for each in dataclasses.fields(made)]
        found |= {
            f"{name}.{field}" for field in fields if field != SHOWN_FIRST and set(field.split("_")) & set(SPEAKING)
        }
    assert found == set()
