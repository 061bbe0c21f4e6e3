"""What `test_roles_of_service` leaves out: every other function that takes who asks, and that no table lacks one."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import dashboard
import evals.gate
import evals.release
import evals.review
import store as store_package
import trainer
from assay.errors import AssayError
from dashboard.pages import PAGES
from evals.review.demo_panel import finish, judge_rest, may_finish
from evals.review.exporting import export_preferences
from evals.review.holding import let_checkpoints_go
from evals.review.hours import hours
from evals.review.opening import make_campaign as open_campaign
from evals.review.pace import own_pace
from evals.review.packing import give_back, make_pack
from evals.review.progress import status
from evals.review.rehearsal import make_panel, rehearse
from evals.review.results import decided, results
from evals.review.simulation import Plan
from evals.review.unpacking import import_verdicts
from store.access import ACTIONS, ROLES, AccessError, Actor
from store.audit_log import Wanted as Rows
from store.audit_log import read_log
from store.backup import back_up
from store.database import Store
from store.invites import Wanted, invite, take_back_invites
from store.keys import list_keys, register_key, retire_key, server_public
from store.personas import add_people
from store.restore import restore
from store.run_edits import edit_runs
from store.users import NewUser, add_user, grant, list_users, remove_user, take_back
from tests.evals.release.roles import RELEASING
from tests.evals.review.asking import person, refused
from tests.evals.review.campaigns import make_campaign
from tests.evals.review.drafts import draft
from tests.evals.review.test_roles_of_service import FUNCTIONS as SERVICE

NEW = NewUser("New", "expert")
KEY = Ed25519PrivateKey.generate().public_key()

FUNCTIONS = {
    "own_pace": ("verdict:write", own_pace),
    "status": ("campaign:status", status),
    "status of all": ("campaign:status", lambda store, actor, campaign: status(store, actor)),
    "results": ("campaign:results", results),
    "decided": ("campaign:results", decided),
    "export_preferences": (
        "campaign:export",
        lambda store, actor, campaign: export_preferences(store, actor, campaign, store.root / "out"),
    ),
    "let_checkpoints_go": ("campaign:close", let_checkpoints_go),
    "make_campaign": ("campaign:open", lambda store, actor, campaign: open_campaign(store, actor, draft())),
    "hours": ("user:list", hours),
    "invite": ("user:invite", lambda store, actor, campaign: invite(store, actor, Wanted("Wang", "campaign-1"))),
    "make_pack": (
        "user:invite",
        lambda store, actor, campaign: make_pack(store, actor, campaign, "grader 0", 1, 7),
    ),
    "give_back": ("user:invite", lambda store, actor, campaign: give_back(store, actor, campaign, [])),
    # A file that is not there: refused after the role.
    "import_verdicts": (
        "user:invite",
        lambda store, actor, campaign: import_verdicts(store, actor, store.root / "verdicts.json"),
    ),
    "take_back_invites": ("user:invite", lambda store, actor, campaign: take_back_invites(store, actor, "grader 0")),
    "list_users": ("user:list", lambda store, actor, campaign: list_users(store, actor)),
    "add_user": ("user:manage", lambda store, actor, campaign: add_user(store, actor, NEW)),
    "grant": ("user:manage", lambda store, actor, campaign: grant(store, actor, "grader 0", "auditor", None)),
    "take_back": ("user:manage", lambda store, actor, campaign: take_back(store, actor, "grader 0", "lead", None)),
    "remove_user": ("user:manage", lambda store, actor, campaign: remove_user(store, actor, "grader 0")),
    "edit_runs": ("run:act", lambda store, actor, campaign: edit_runs(store, actor, ["run"], {"starred": True})),
    "register_key": ("user:manage", lambda store, actor, campaign: register_key(store, actor, "grader 0", KEY)),
    "retire_key": ("user:manage", lambda store, actor, campaign: retire_key(store, actor, "0" * 64)),
    "list_keys": ("user:list", lambda store, actor, campaign: list_keys(store, actor)),
    "server_public": ("user:list", lambda store, actor, campaign: server_public(store, actor)),
    "read_log": (
        "audit:read",
        lambda store, actor, campaign: store.snapshot(lambda snapshot: read_log(snapshot, actor, Rows())),
    ),
    # Into a folder that is there already: refused after the role.
    "back_up": ("user:manage", lambda store, actor, campaign: back_up(store, actor, store.root)),
    "add_people": ("user:manage", lambda store, actor, campaign: add_people(store, actor)),
    "make_panel": ("user:manage", lambda store, actor, campaign: make_panel(store, actor, ["made up"])),
}
"""Functions by the action that each needs."""

OF_THE_MACHINE = {"may_finish", "finish", "judge_rest", "rehearse"}
"""What only whoever sits at the machine can do, in a demo."""

INSIDE = {"enter", "enter_to_write", "held", "own_lease", "grant_in", "peek", "may", "require", "roles_of"}
"""What works in a snapshot or transaction that someone else has opened: parts of the others."""

OF_AN_ADMIN = {"restore"}
"""What makes a store, in which its roles are looked up."""

IN_PAGES = {"run:read"}
"""Actions that pages ask for themselves."""


@pytest.fixture
def demo(root):
    made = Store.at(root / "assay.duckdb")
    made.create(demo=True)
    made.transaction(
        lambda tx: tx.execute(
            "INSERT INTO run (id, name, status, created, heartbeat, ended, tags, starred, archived) "
            "VALUES (1, 'run', 'finished', now(), now(), now(), [], false, false)"
        )
    )
    return made, make_campaign(made, pairs=4, graders=1, practice=0)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_call_what_the_table_says_and_nothing_else(demo, role):
    store, made = demo
    actor = person(store, role)
    allowed = {name for name, (_, call) in FUNCTIONS.items() if not refused(call, store, actor, made.campaign)}
    assert allowed == {name for name, (action, _) in FUNCTIONS.items() if role in ACTIONS[action]}


def test_who_has_no_role_is_unknown_or_invited_elsewhere_may_call_nothing(demo):
    store, made = demo
    before = store.rows("SELECT count(*) AS n FROM audit")
    strangers = [person(store), Actor("oidc", None), Actor("oidc", 4711), Actor("invite", 1, login="0" * 64)]
    for name, (_, call) in FUNCTIONS.items():
        assert all(refused(call, store, actor, made.campaign) for actor in strangers), name
    assert store.rows("SELECT count(*) AS n FROM audit") == before


def test_a_role_for_another_campaign_opens_nothing_of_this_one(demo):
    store, made = demo
    for role in ("lead", "auditor", "engineer", "expert"):
        elsewhere = person(store, role, 99)
        for name in ("results", "status", "export_preferences", "let_checkpoints_go", "hours", "own_pace", "invite"):
            assert refused(FUNCTIONS[name][1], store, elsewhere, made.campaign), (role, name)


@pytest.mark.parametrize("role", ROLES)
def test_what_is_of_the_machine_no_login_can_do(demo, role):
    store, made = demo
    actor = person(store, role)
    assert not may_finish(store, actor, made.campaign)
    with pytest.raises(AssayError):
        finish(store, actor, made.campaign)
    if role not in ("admin", "lead"):
        with pytest.raises(AccessError):
            judge_rest(store, actor, made.campaign)
    if role != "admin":
        with pytest.raises(AccessError):
            rehearse(store, actor, Plan(0.5, 0.0, 2, 1), "")


@pytest.mark.parametrize("role", ROLES)
def test_an_admin_alone_puts_a_backup_back(demo, role, tmp_path):
    store, _ = demo
    actor = person(store, role)
    back_up(store, Actor("command", None, "test"), tmp_path / "backup")
    place = Store.at(tmp_path / "elsewhere" / "assay.duckdb")
    assert refused(restore, tmp_path / "backup", place, actor) == (role != "admin")


def test_the_tables_hold_every_function_that_takes_who_asks():
    found = set()
    for package in (evals.review, store_package):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            made = importlib.import_module(module.name) if not module.ispkg else None
            for name in getattr(made, "__all__", ()):
                function = getattr(made, name)
                if inspect.isfunction(function) and function.__module__ == module.name:
                    asks = inspect.signature(function).parameters.get("actor")
                    found |= {name} if asks is not None and asks.annotation is Actor else set()
    assert found == {*SERVICE, *FUNCTIONS, *OF_THE_MACHINE, *OF_AN_ADMIN, *INSIDE} - {"status of all"}


def test_every_action_is_asked_for_by_something_and_nothing_asks_for_another():
    told = {action for action, _ in (*SERVICE.values(), *FUNCTIONS.values(), *RELEASING.values())}
    assert told | IN_PAGES == set(ACTIONS)
    asked = {
        argument.value
        for package in (evals.gate, evals.release, evals.review, store_package, dashboard, trainer)
        for file in Path(package.__path__[0]).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _name(call.func) in ("require", "guard", "guarded", "needs")
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert asked | {entry.needs for entry in PAGES} == set(ACTIONS)


def _name(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
