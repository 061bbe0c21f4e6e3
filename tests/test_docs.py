"""What the documentation says is so: generated pages, the README's tree, the table of commands."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from assay.cli import COMMANDS, root

REPO = Path(__file__).parents[1]


def test_the_generated_pages_are_current():
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=REPO, capture_output=True, text=True)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_what_each_command_says(name):
    command = root.get_command(click.Context(root), name)
    assert command.help.splitlines()[0] == COMMANDS[name].help
    assert command.name == name


def all_commands(command: click.Command, path: tuple[str, ...]):
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from all_commands(inner, (*path, name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_explained(name):
    for path, command in all_commands(root.get_command(click.Context(root), name), (name,)):
        assert command.help, path
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (path, parameter.name)


def test_the_readme_tree_is_true():
    text = (REPO / "README.md").read_text()
    tree = re.search(r"```\n(assay/.*?)```", text, re.DOTALL).group(1)
    named = {line.split()[0].rstrip("/") for line in tree.splitlines() if line and not line.startswith(" ")}
    tracked = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True, check=True).stdout.split()
    folders = {path.split("/")[0] for path in tracked if "/" in path}
    assert folders - {".ci"} == {name for name in named if (REPO / name).is_dir()}
    assert [name for name in named if not (REPO / name).exists()] == []


def test_links_and_pictures_in_the_documentation_exist():
    for page in [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md"), REPO / "runs/README.md", REPO / "bench/README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(REPO)} names {target}"


def test_every_change_has_its_line():
    text = (REPO / "CHANGELOG.md").read_text()
    assert re.search(r"## Unreleased\n\n- ", text) or re.search(r"## \d+\.\d+\.\d+", text)
