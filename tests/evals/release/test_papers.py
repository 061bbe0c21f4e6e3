"""Papers beside a folder: written to their end or mended from the store's row; what was changed is told instead."""

import pytest

from evals.release import papers as writing
from evals.release.current import current
from evals.release.errors import RefusedError, ReleaseError
from evals.release.papers import mend_papers, read_papers
from evals.release.reporting import reported
from evals.release.restoring import restore
from evals.release.rows import live_release
from evals.release.settling import settle_papers
from tests.evals.gate.passing import sign
from tests.evals.release.world import refused

NAMES = ("README.md", "bundle.json", "bundle.intoto.json")


def texts(folder):
    return {name: (folder / name).read_text() for name in NAMES if (folder / name).exists()}


@pytest.mark.parametrize("stopped_at", [0, 1, 2])
def test_what_was_interrupted_is_mended_by_whoever_reads_next(approved, monkeypatch, stopped_at):
    written, write = [], writing.write_paper

    def stops(path, text):
        if len(written) == stopped_at:
            raise KeyboardInterrupt
        written.append(path.name)
        write(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_paper", stops)
        with pytest.raises(KeyboardInterrupt):
            approved.make()
    assert written == list(NAMES[:stopped_at])
    assert (approved.folder / "README.md").read_text().startswith("# triage@400, proposed") == (stopped_at == 0)
    found = current(approved.store, approved.made.li)
    assert texts(approved.folder) == found.release.papers.by_name
    assert approved.verified().holds


@pytest.mark.parametrize("mend", ["make", "report", "restore"])
def test_make_and_report_mend_as_well(released, mend):
    (released.folder / "bundle.intoto.json").unlink()
    (released.folder / "README.md").write_text("# triage@400, proposed, not released")
    if mend == "make":
        assert released.make().already
    elif mend == "restore":
        assert restore(released.store, released.made.sun, "1", reason="x").already
    else:
        reported(released.store, released.made.li, None)
    assert released.verified().holds


def test_a_paper_is_whole_or_not_there(released, monkeypatch):
    before = texts(released.folder)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    (released.folder / "bundle.json").unlink()
    row = current_row(released)
    with pytest.raises(ReleaseError, match=r"v1 of prod is live, but its papers could not be written to .*: No space"):
        settle_papers(released.store, row)
    assert texts(released.folder) == {name: before[name] for name in ("README.md", "bundle.intoto.json")}
    for folder in (released.folder, released.folder.parent):
        assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_an_unfinished_paper_lies_outside_the_folder_in_which_every_file_counts(released, monkeypatch):
    (released.folder / "README.md").unlink()
    row = current_row(released)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing.Path, "replace", killed)
        patch.setattr(writing.Path, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            settle_papers(released.store, row)
    assert [path.name for path in released.folder.iterdir() if path.name.startswith(".")] == []
    assert len([path for path in released.folder.parent.iterdir() if "README.md" in path.name]) == 1
    assert settle_papers(released.store, row)
    assert released.verified().holds


def current_row(world):
    return world.store.snapshot(lambda snapshot: live_release(snapshot, "prod"))


@pytest.mark.parametrize("name", NAMES)
def test_a_paper_that_was_changed_after_it_was_written_is_told(released, name):
    place = released.folder / name
    place.write_text(place.read_text() + " ")
    said = refused(lambda: current(released.store, released.made.li))
    assert said == (
        f"v1 of prod is live, but cannot be used: {place} is not the one that was released; put it back as it was, or "
        "remove it"
    )
    place.unlink()
    assert current(released.store, released.made.li).folder == released.folder
    assert released.verified().holds


def test_a_folder_that_is_released_elsewhere_too_has_the_papers_of_its_newest_release(released):
    first = texts(released.folder)
    for lead in (released.made.li, released.made.zhao):
        sign(released.made, lead, environment="staging")
    second = released.make(environment="staging").release
    assert texts(released.folder) == second.papers.by_name != first
    assert current(released.store, released.made.li).release.papers.by_name == first
    assert texts(released.folder) == second.papers.by_name


def test_mending_says_whether_there_was_anything_to_mend(tmp_path):
    papers = read_papers('{"card": "# one"}', "signed")
    assert mend_papers(tmp_path, papers)
    assert not mend_papers(tmp_path, papers)
    after = read_papers('{"card": "# two"}', "signed again")
    with pytest.raises(RefusedError, match=r"README.md is not the one"):
        mend_papers(tmp_path, after)
    assert mend_papers(tmp_path, after, earlier={"signed"})
    assert texts(tmp_path) == after.by_name


@pytest.mark.parametrize(("bundle", "said"), [("{", "it is no JSON"), ("[]", "it has no card"), ("{}", "no card")])
def test_a_row_without_a_bundle_is_damaged(bundle, said):
    with pytest.raises(RefusedError, match=said):
        read_papers(bundle, "")
