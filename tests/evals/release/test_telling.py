"""Telling a webhook of a release: its address stays secret, and what fails changes nothing."""

import pytest

from evals.release.errors import ReleaseError
from evals.release.restoring import restore
from evals.release.telling import SECRET_VARIABLE, VARIABLE, hook_of
from tests.webhook import TOKEN, Answer, webhook


@pytest.fixture
def hook():
    with webhook() as served:
        yield served


def test_a_release_is_told_once(approved, hook):
    made = approved.make(hook=hook_of(hook.url, {}))
    [released] = hook.bodies
    assert made.told.delivered
    assert released["title"] == "Assay · prod: v1 is live"
    assert "as v1 of prod" in released["sentence"]


def test_a_restore_is_told_once_with_what_it_takes_the_place_of(superseded, hook):
    target = hook_of(hook.url, {})
    made = restore(superseded.store, superseded.made.sun, "v1", reason="v2 is worse", hook=target)
    assert (made.told.delivered, TOKEN in made.told.sentence) == (True, False)
    digest = made.release.sha256
    [restored] = hook.bodies
    assert {name: restored[name] for name in ("kind", "level", "title", "sentence", "run", "step")} == {
        "kind": "restore", "level": "info", "title": "Assay · prod: v1 was put back", "run": "triage", "step": 400,
        "sentence": f"triage@400 (sha256:{digest}) was put back as v1 of prod in place of v2, by Sun: v2 is worse",
    }  # fmt: skip


def test_what_is_live_already_is_not_told_again(released, hook):
    made = released.make(hook=hook_of(hook.url, {}))
    assert (made.already, made.told, hook.bodies) == (True, None, [])


def test_a_webhook_that_fails_is_told_of_and_changes_nothing(approved, hook):
    hook.otherwise = Answer(500, "out of order")
    made = approved.make(hook=hook_of(hook.url, {}))
    assert (made.release.version, made.told.delivered) == (1, False)
    assert "was not told: HTTP 500: out of order" in made.told.sentence
    assert TOKEN not in made.told.sentence
    assert approved.verified().holds


def test_nobody_listening_changes_nothing_either(approved):
    made = approved.make(hook=hook_of("http://127.0.0.1:9/hook", {}))
    assert (made.release.version, made.told.delivered) == (1, False)
    assert "no answer" in made.told.sentence


def test_it_is_told_though_the_papers_cannot_be_written(approved, hook, monkeypatch):
    monkeypatch.setattr("evals.release.settling.mend_papers", raising)
    with pytest.raises(ReleaseError, match="v1 of prod is live, but its papers could not be written"):
        approved.make(hook=hook_of(hook.url, {}))
    assert len(hook.bodies) == 1


def raising(*_):
    raise OSError(28, "No space left on device")


def test_the_environment_names_the_webhook_where_the_command_does_not():
    assert hook_of(None, {}) is None
    assert hook_of(None, {VARIABLE: "http://me.example/hook"}).url == "http://me.example/hook"
    assert hook_of("env:MINE", {"MINE": "http://mine.example/"}).url == "http://mine.example/"
    secret = hook_of(None, {VARIABLE: "https://open.feishu.cn/x", SECRET_VARIABLE: "s3cret"})
    assert (secret.kind, secret.secret) == ("feishu", "s3cret")


@pytest.mark.parametrize(
    ("url", "environ", "said"),
    [
        ("ftp://me/hook", {}, "--webhook must be an http or https address"),
        ("env:MINE", {}, "--webhook names the environment variable MINE, which is not set"),
        (None, {VARIABLE: "nonsense"}, f"{VARIABLE} must be an http or https address"),
    ],
)
def test_an_address_that_is_none_is_said_before_anything_is_done(url, environ, said):
    with pytest.raises(ReleaseError, match=said):
        hook_of(url, environ)
