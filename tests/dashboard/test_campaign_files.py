"""Which files a campaign may be asked for with, from this machine and from elsewhere."""

import os

import pytest

from assay.errors import AssayError
from dashboard.views.campaign_files import MOST, files

INSIDE = "questions.jsonl"


@pytest.fixture
def house(tmp_path):
    """A store's folder with a file, and one beside it."""
    root = tmp_path / "runs"
    root.mkdir()
    for file in (root / INSIDE, tmp_path / "secret.jsonl"):
        file.write_text("{}")
    return root


def refused(root, given, *, here=False):
    with pytest.raises(AssayError) as error:
        files({"questions": str(given)}, root, here=here)
    return str(error.value)


def test_from_elsewhere_files_are_those_of_the_stores_folder(house):
    found = {"questions": str(house / INSIDE)}
    assert files({"questions": INSIDE, "title": "T"}, house, here=False) == found
    assert files({"questions": str(house / INSIDE)}, house, here=False) == found
    assert files({"policy": "none.toml"}, house, here=False) == {"policy": str(house / "none.toml")}


def test_of_what_lies_elsewhere_one_sentence_tells_nothing(house):
    (house / "link").symlink_to(house.parent / "secret.jsonl")
    said = {
        refused(house, given)
        for given in (house.parent / "secret.jsonl", house.parent / "none", "../secret.jsonl", "link", "/", "/dev/zero")
    }
    assert said == {
        "From elsewhere only files in the store's folder can be named; put it there, and name it from there."
    }


def test_who_sits_here_names_any_file(house):
    given = str(house.parent / "secret.jsonl")
    assert files({"questions": given}, house, here=True) == {"questions": given}


def test_what_is_no_file_or_too_large_is_not_read(house):
    os.mkfifo(house / "pipe")
    assert refused(house, "pipe") == f"{house / 'pipe'} is no regular file; name one."
    assert refused(house, house, here=True).endswith("is no regular file; name one.")
    with (house / INSIDE).open("wb") as file:
        file.truncate(MOST["questions"] + 1)
    assert refused(house, INSIDE) == f"{house / INSIDE} is larger than 50 MB; name a smaller one."
    with pytest.raises(AssayError, match="is larger than 1 MB"):
        files({"policy": INSIDE}, house, here=False)
