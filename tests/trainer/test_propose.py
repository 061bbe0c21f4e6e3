"""A proposal: the folder that would be released, which has given its campaigns' answers again."""

import json
import shutil
import subprocess
import sys
import threading

import portalocker
import pytest

from assay.errors import AssayError
from evals.gate.evidence import BESIDE
from evals.gate.proposals import newest_proposal
from evals.review.asked_before import AskedBefore, asked_before, compared
from evals.review.questions import Question
from store.access import AccessError, Actor
from store.artifacts import ArtifactError, digest, read_manifest, verify
from store.audit import first_broken
from store.database import Store
from store.errors import StoreError
from store.pins import held, holders_of_run
from store.runs import remove_run
from store.users import account
from tests.store.people import add
from tests.trainer.exported import ACTOR, QUESTIONS, campaign, train
from trainer.propose import propose


@pytest.fixture(scope="module")
def trained(model_folder, tmp_path_factory):
    """A store with a run whose newest checkpoint has been judged in a campaign, trained once."""
    root = tmp_path_factory.mktemp("trained")
    store = train(root, model_folder, "r", run__owner="Lin", train__seed=3)
    campaign(store, root)
    return store.root


@pytest.fixture
def store(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "runs")
    return Store.at(tmp_path / "runs" / "assay.duckdb")


def proposals(store):
    return store.rows("SELECT * FROM proposal ORDER BY id")


def test_a_proposal_is_a_sealed_folder_that_the_store_knows(store):
    made = propose(store, ACTOR, "r@6")
    folder = store.root / made.path
    manifest = verify(folder, made.sha256, beside=BESIDE)
    checkpoint = store.root / made.checkpoint
    assert (made.id, made.candidate, made.branch, made.step, made.run_id) == (1, "r@6", 1, 6, 1)
    assert (made.checkpoint, made.checkpoint_sha256) == ("r/checkpoints/00000006-b1", digest(checkpoint))
    assert made.path == f".exports/r@6-{made.checkpoint_sha256[:12]}"
    assert (made.merged, made.digests) == (False, manifest["digests"])
    assert "proposed, not released" in (folder / "README.md").read_text()
    assert "released" not in manifest
    assert made == store.snapshot(lambda snapshot: newest_proposal(snapshot, made.checkpoint_sha256))
    assert made.created_by == "command:tester"
    assert made.data["base"] == read_manifest(checkpoint)["base"]
    assert (made.data["seed"], made.data["base_checkpoint"]) == (3, None)
    assert made.data["owners"] == {"accounts": [account()], "names": ["Lin"]}


def test_the_folder_gives_the_same_answers_as_the_checkpoint_gave(store):
    made = propose(store, ACTOR, "r@6")
    assert made.answers == [{"campaign": 1, "n": 12, "differing": 0, "share": 0.0, "items": []}]


def test_answers_that_are_others_than_those_that_are_judged_are_counted_and_named(store):
    with_other = "UPDATE pair SET first = first || '!', second = second || '!' WHERE item IN ('q3', 'q7', 'q11')"
    store.transaction(lambda transaction: transaction.execute(with_other))
    [row] = propose(store, ACTOR, "r@6").answers
    assert (row["n"], row["differing"], row["share"]) == (12, 3, 0.25)
    assert sorted(row["items"]) == ["q11", "q3", "q7"]


def test_only_the_candidates_answers_are_compared(store):
    """Those of the baseline may be anything."""
    spoil = """
    UPDATE pair SET first = if(m.candidate = 'first', first, 'x'), second = if(m.candidate = 'first', 'x', second)
    FROM mapping m WHERE m.campaign_id = pair.campaign_id AND m.item = pair.item
    """
    store.transaction(lambda transaction: transaction.execute(spoil))
    assert propose(store, ACTOR, "r@6").answers[0]["differing"] == 0


def test_no_more_than_twenty_that_differ_are_named():
    questions = tuple(Question(f"q{number}", "What?") for number in range(30))
    row = compared(AskedBefore(2, 8, questions, ("a",) * 30), ["a", *["b"] * 29])
    assert (row["n"], row["differing"], row["items"]) == (30, 29, [f"q{number}" for number in range(1, 21)])


def test_what_models_are_told_beforehand_is_told_again(store, tmp_path):
    told = [{**row, "id": f"s{n}", "question": f"{row['question']} Really?", "system": "It is 4. It is 6. " * 3}
            for n, row in enumerate(QUESTIONS)]  # fmt: skip
    number = campaign(store, tmp_path, questions=told, seed=4, tokens=5)
    sha256 = digest(store.root / "r" / "checkpoints" / "00000006-b1")
    [_, before] = store.snapshot(lambda snapshot: asked_before(snapshot, sha256))
    assert (before.campaign, before.tokens, len(before.questions)) == (number, 5, 12)
    assert {question.system for question in before.questions} == {("It is 4. It is 6. " * 3).strip()}
    row = propose(store, ACTOR, "r@6").answers[1]
    assert (row["n"], row["differing"]) == (12, 0)


def test_a_checkpoint_without_a_campaign_can_be_proposed(store):
    made = propose(store, ACTOR, "r@3")
    assert (made.candidate, made.answers) == ("r@3", [])


def test_it_is_told_in_the_audit_log_with_all_digests(store):
    made = propose(store, ACTOR, "r@6")
    [entry] = store.rows("SELECT actor, role, object, payload FROM audit WHERE action = 'propose'")
    assert (entry["actor"], entry["role"], entry["object"]) == ("command:tester", "engineer", "proposal:1")
    payload = json.loads(entry["payload"])
    assert (payload["sha256"], payload["digests"]) == (made.sha256, made.digests)
    assert store.snapshot(first_broken) is None


def test_checkpoint_and_folder_are_held(store):
    made = propose(store, ACTOR, "r@6")
    for target in (made.checkpoint, made.path):
        assert ("proposal", "1") in [(pin.holder_kind, pin.holder) for pin in held(store, target)]
    with pytest.raises(AssayError, match=r"held: .*r/checkpoints/00000006-b1 by [^,]*proposal"):
        remove_run(store, "r")


def test_a_base_that_is_a_checkpoint_of_this_store_is_held_too(store, model_folder, tmp_path):
    train(tmp_path, model_folder, "full", train__method="full", optim__lr=1e-2)
    base = store.root / "full" / "checkpoints" / "00000006-b1"
    train(tmp_path, base, "next")
    made = propose(store, ACTOR, "next@6")
    assert made.data["base_checkpoint"] == "full/checkpoints/00000006-b1"
    [run] = store.rows("SELECT id FROM run WHERE name = 'full'")
    pins = [(pin.target, pin.holder_kind) for pin in holders_of_run(store, run["id"])]
    assert ("full/checkpoints/00000006-b1", "proposal") in pins


# --- found again -------------------------------------------------------------------------------


def test_what_was_proposed_is_found_and_nothing_is_asked_or_written_again(store, monkeypatch):
    first = propose(store, ACTOR, "r@6")
    monkeypatch.setattr("trainer.propose.export", lambda *_, **__: pytest.fail("written"))
    monkeypatch.setattr("trainer.propose.answers_of", lambda *_, **__: pytest.fail("asked"))
    assert propose(store, ACTOR, "r") == first
    assert propose(store, ACTOR, "r/1@6") == first
    assert len(proposals(store)) == 1


def test_a_campaign_that_was_opened_since_makes_a_new_row_of_the_same_folder(store, tmp_path):
    first = propose(store, ACTOR, "r@6")
    others = [{**row, "id": f"x{n}", "question": f"Say: {row['question']}"} for n, row in enumerate(QUESTIONS)]
    campaign(store, tmp_path, questions=others, seed=1)
    again = propose(store, ACTOR, "r@6")
    assert (again.id, again.path, again.sha256) == (2, first.path, first.sha256)
    assert [row["campaign"] for row in again.answers] == [1, 2]
    assert propose(store, ACTOR, "r@6") == again


def test_a_campaign_of_another_checkpoint_makes_none(store, tmp_path):
    first = propose(store, ACTOR, "r@6")
    campaign(store, tmp_path, "r@3", seed=1)
    assert propose(store, ACTOR, "r@6") == first


def test_merged_weights_are_a_folder_and_a_proposal_of_their_own(store):
    apart = propose(store, ACTOR, "r@6")
    merged = propose(store, ACTOR, "r@6", merge=True)
    assert merged.path == f"{apart.path}-merged"
    assert (merged.merged, merged.digests["adapter"], merged.answers[0]["n"]) == (True, None, 12)
    # What was proposed last counts: it is proposed again, though the folder is there.
    back = propose(store, ACTOR, "r@6")
    assert (back.id, back.sha256) == (3, apart.sha256)
    assert propose(store, ACTOR, "r@6") == back


@pytest.mark.parametrize("spoil", ["changed", "gone", "added", "swapped"])
def test_a_folder_that_is_not_as_it_was_proposed_is_written_anew_and_the_old_one_kept(store, spoil):
    first = propose(store, ACTOR, "r@6")
    folder = store.root / first.path
    (folder / "bundle.json").write_text("{}")
    if spoil == "changed":
        (folder / "tokenizer.json").write_text("{}")
    elif spoil == "gone":
        (folder / "adapter_model.safetensors").unlink()
    elif spoil == "added":
        (folder / "extra.py").touch()
    else:
        manifest = folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"merged": false', '"merged": true'))
    told = []
    assert propose(store, ACTOR, "r@6", progress=lambda *facts: told.append(facts)) == first
    verify(folder, first.sha256, beside=BESIDE)
    assert (folder / "bundle.json").read_text() == "{}"
    aside = folder.with_name(f".damaged-{folder.name}")
    assert aside.is_dir()
    assert (f"{folder.name} is not as it was proposed and kept as {aside.name}", 1, 1) in told
    assert len(proposals(store)) == 1


# --- stopped, and at once ----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["export", "answers_of", "add_proposal"])
def test_what_is_stopped_leaves_nothing_in_the_store_and_the_next_one_ends_it(store, monkeypatch, where):
    def stop(*_, **__):
        raise KeyboardInterrupt

    before = [store.rows(f"SELECT * FROM {table}") for table in ("proposal", "pin", "audit")]
    with monkeypatch.context() as patch:
        patch.setattr(f"trainer.propose.{where}", stop)
        with pytest.raises(KeyboardInterrupt):
            propose(store, ACTOR, "r@6")
    assert [store.rows(f"SELECT * FROM {table}") for table in ("proposal", "pin", "audit")] == before
    made = propose(store, ACTOR, "r@6")
    assert made.id == 1
    assert sorted(path.name for path in (store.root / ".exports").iterdir()) == [".lock", made.path.split("/")[1]]


def test_answers_that_were_given_are_not_asked_for_again(store, monkeypatch):
    monkeypatch.setattr("trainer.propose.add_proposal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        propose(store, ACTOR, "r@6")
    monkeypatch.undo()
    monkeypatch.setattr("trainer.answers.load_asked", lambda asked: pytest.fail(f"{asked.name} was asked again"))
    assert propose(store, ACTOR, "r@6").answers[0]["differing"] == 0


def test_what_a_killed_process_left_half_written_is_cleared_away(store):
    left = store.root / ".exports" / ".tmp-r@6-1"
    left.mkdir(parents=True)
    (left / "adapter_model.safetensors").write_bytes(b"half")
    propose(store, ACTOR, "r@6")
    assert not left.exists()


def test_two_at_once_make_one(store):
    """Another process has the lock: this one waits, says so, and finds what that one made."""
    (store.root / ".exports").mkdir()
    told, made = [], []
    with (store.root / ".exports" / ".lock").open("ab") as file:
        portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE)
        waits = threading.Event()

        def tell(*facts):
            told.append(facts)
            waits.set()

        thread = threading.Thread(target=lambda: made.append(propose(store, ACTOR, "r@6", progress=tell)))
        thread.start()
        assert waits.wait(60)
        assert told == [("waiting for another proposal", 0, 1)]
        assert proposals(store) == []
        portalocker.unlock(file)
        thread.join(120)
    assert [one.id for one in made] == [1]


# --- refused -----------------------------------------------------------------------------------


def refused(store, text="r@6", actor=ACTOR, kind=AssayError, **options):
    with pytest.raises(kind) as caught:
        propose(store, actor, text, **options)
    assert "\n" not in str(caught.value)
    assert proposals(store) == []
    return str(caught.value)


def test_whoever_may_not_propose_is_refused(store):
    add(store)
    reader = Actor("oidc", add(store, "Ann", "auditor", "ann"))
    assert refused(store, actor=reader, kind=AccessError) == "this needs the role engineer or lead; ask an admin for it"
    lead = Actor("oidc", add(store, "Li", "lead", "li"))
    assert propose(store, lead, "r@6").created_by == f"user:{lead.user}"


def test_a_role_that_is_taken_back_meanwhile_counts_no_more(store, monkeypatch):
    add(store)
    lead = Actor("oidc", add(store, "Li", "lead", "li"))

    def revoke(*_, **__):
        store.transaction(lambda tx: tx.execute("UPDATE role SET revoked = granted WHERE role = 'lead'"))
        return []

    monkeypatch.setattr("trainer.propose._asked_again", revoke)
    refused(store, actor=lead, kind=AccessError)


def test_names_that_are_no_checkpoint_are_refused(store, model_folder):
    assert refused(store, "r@4", kind=StoreError) == "run r has no sealed checkpoint at step 4; there are: 3, 6"
    refused(store, str(model_folder), kind=StoreError)
    assert refused(store, "nobody@3", kind=StoreError).startswith("there is no run nobody in ")


def test_a_checkpoint_that_is_not_the_one_announced_is_refused(store):
    """Its manifest and files agree with each other, and not with what was announced."""
    manifest = store.root / "r" / "checkpoints" / "00000006-b1" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"update": 6', '"update": 7'))
    said = refused(store, kind=ArtifactError)
    assert "is not the one that was announced" in said
    assert said.endswith("it is not proposed")


def test_a_checkpoint_that_is_gone_from_the_disk_is_refused(store):
    shutil.rmtree(store.root / "r" / "checkpoints" / "00000006-b1")
    assert refused(store) == "branch 1 of run r has no sealed checkpoint at step 6; there are: 3"


def test_a_folder_that_cannot_be_written_is_a_sentence(store):
    (store.root / ".exports").touch()
    assert refused(store).startswith(f"cannot write in {store.root / '.exports'}: File exists; ")


def test_nothing_is_looked_up_in_a_network(store):
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\nsocket.getaddrinfo = refuse\n"
        "from store.access import Actor\nfrom store.database import Store\nfrom trainer.propose import propose\n"
        "made = propose(Store.at(sys.argv[1]), Actor('command', None, 'x'), 'r@6', merge=True)\n"
        "print(made.answers[0]['differing'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr


def test_a_base_of_a_hub_is_taken_from_this_machines_cache_and_has_no_digest(model_folder, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    known = cache / "models--lin--tiny"
    shutil.copytree(model_folder, known / "snapshots" / ("a" * 40))
    (known / "refs").mkdir()
    (known / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    store = train(tmp_path, "lin/tiny", model__allow_download=True)
    campaign(store, tmp_path)
    apart, merged = (propose(store, ACTOR, "r@6", merge=merge) for merge in (False, True))
    for made in (apart, merged):
        assert (made.digests["base"], made.data["base"]["path"]) == (None, "lin/tiny")
        assert (made.answers[0]["n"], made.answers[0]["differing"]) == (12, 0)
    named = json.loads((store.root / apart.path / "adapter_config.json").read_bytes())["base_model_name_or_path"]
    assert named == "lin/tiny"
    shutil.rmtree(cache)
    with pytest.raises(AssayError, match="no model folder lin/tiny, and this machine keeps no copy of it; put it back"):
        propose(store, ACTOR, "r@3")
