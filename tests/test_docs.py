"""What the documentation says is so: generated pages, the README's tree, the table of commands."""

import re
import shlex
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


def documented_commands():
    """Lines of code blocks and units that call the program, with the words they call it with."""
    pages = [REPO / "README.md", *(REPO / "docs").glob("*.md"), *(REPO / "docs/systemd").iterdir()]
    for page in pages:
        if page.name == "cli.md":
            continue
        text = page.read_text()
        blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) if page.suffix == ".md" else [text]
        for line in "\n".join(blocks).splitlines():
            if called := re.match(
                r"(?:sudo -u assay |ExecStart=)?(?:\S*bin/|/bin/sh -c 'exec \S*bin/)?assay (.*)", line
            ):
                yield pytest.param(called[1], id=f"{page.name}: {called[1][:60]}")


@pytest.mark.parametrize("called", list(documented_commands()))
def test_every_command_in_the_documentation_is_one(called):
    words = shlex.split(called.rstrip("'"), comments=True)
    command, named = root, []
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        inner = command.get_command(click.Context(command), words[0])
        if inner is None:
            assert command.invoke_without_command, f"assay {' '.join([*named, words[0]])} is no command"
            break
        command, named = inner, [*named, words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = [word.partition("=")[0] for word in words if word.startswith("--")]
    assert [option for option in given if option not in {*known, "--help", "--version"}] == []
