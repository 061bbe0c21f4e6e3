"""Verifying offline: what it reads, what it is given, and what it says of a release that holds."""

import json
import shutil

import pytest

from evals.release.errors import ReleaseError
from evals.release.verifying import verify_release
from store.errors import StoreError
from tests.evals.gate.passing import passing_store
from tests.evals.release.tampering_papers import signed_anew
from tests.evals.release.world import again, release, signed, world_of

PAPERS = ("README.md", "bundle.json", "bundle.intoto.json")


def test_a_release_that_holds_says_what_it_is(both):
    found = both.verified()
    assert (found.holds, found.why, found.files, found.server_known) == (True, "", 6, True)
    assert (found.bundle["version"], found.bundle["what"]["candidate"]) == (2, "triage@600")


def test_a_folder_that_was_copied_elsewhere_holds_as_well(both, tmp_path):
    shutil.copytree(both.folder, tmp_path / "downloaded")
    shutil.rmtree(tmp_path / "downloaded" / ".cache", ignore_errors=True)
    assert verify_release(tmp_path / "downloaded", both.keys).holds
    assert verify_release(tmp_path / "downloaded" / "bundle.json", both.keys).files == 6


def test_papers_that_were_sent_alone_are_verified_as_far_as_they_go(both, tmp_path):
    for name in PAPERS[1:]:
        shutil.copy(both.folder / name, tmp_path / name)
    found = verify_release(tmp_path / "bundle.json", both.keys)
    assert (found.holds, found.files) == (True, None)
    (tmp_path / "README.md").write_text("# another card")
    assert verify_release(tmp_path / "bundle.json", both.keys).why.startswith("README.md is not the one")
    assert verify_release(tmp_path, both.keys).why == "the folder is no sealed folder: it has no manifest.json"


def test_keys_that_lie_in_the_folder_are_not_trusted(superseded):
    for key in superseded.keys.iterdir():
        shutil.copy(key, superseded.folder.parent / key.name)
        key.unlink()
    (superseded.keys / "mine.pub").write_text((superseded.folder.parent / "li.pub").read_text())
    assert superseded.why().startswith("bundle.intoto.json does not hold: signed by the key")


def test_without_a_name_for_the_servers_key_each_is_taken_for_it_but_no_key_for_both(superseded):
    (superseded.keys / "server.pub").rename(superseded.keys / "any.pub")
    found = superseded.verified()
    assert (found.holds, found.server_known) == (True, False)


def test_a_key_of_a_lead_that_is_not_given_is_named(superseded):
    (superseded.keys / "li.pub").unlink()
    assert superseded.why().startswith("the approve of Li does not hold: signed by the key")


@pytest.mark.parametrize("place", ["nowhere", "manifest.json", "."])
def test_what_is_no_release_is_an_input_error(both, tmp_path, place):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ReleaseError, match=r"is no release: name the folder that bundle\.json lies in"):
        verify_release(tmp_path / place, both.keys)


def test_a_folder_without_keys_is_an_input_error(both, tmp_path):
    with pytest.raises(StoreError, match="holds no public key"):
        verify_release(both.folder, tmp_path)


def test_where_a_later_gate_says_something_else_it_is_told_which_program_made_it(superseded):
    bundle = json.loads((superseded.folder / "bundle.json").read_text())
    bundle["program"] = "assay 0.0.1"
    bundle["checks"][0]["says"] = "fine"
    signed_anew(superseded, bundle)
    assert "(assay 0.0.1 made it, and this is " in superseded.why()


def test_a_demo_store_is_marked_and_lets_one_person_be_everyone(tmp_path):
    world = release(signed(world_of(passing_store(tmp_path / "runs", demo=True), tmp_path)))
    found = world.verified()
    assert (found.holds, found.bundle["store"]) == (True, {"demo": True})
    assert "**Demo store:" in (world.folder / "README.md").read_text()
    assert '"assay-demo"' in (world.folder / "README.md").read_text()
    copy = again(world, tmp_path / "copy")
    bundle = json.loads((copy.folder / "bundle.json").read_text())
    bundle["store"]["demo"] = False
    signed_anew(copy, bundle)
    assert copy.why() == "the evidence is about another store (demo or not) than the bundle"
