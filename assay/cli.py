"""The command `assay`: a table of names, each loaded only when it is called.

The targets are strings, so that nothing here imports upward and `assay --help` loads neither torch
nor streamlit.
"""

import errno
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import NamedTuple

import click

from assay.errors import AssayError
from assay.version import VERSION

__all__ = ["COMMANDS", "main"]


class Command(NamedTuple):
    """One entry of the table."""

    target: str
    """`module:attribute` of the click command."""

    help: str
    """One sentence; a test compares it with the command's own."""

    extra: str = ""
    """The extra that brings its dependencies, where the base install lacks them."""


COMMANDS = {
    "demo": Command("trainer.demo.command:demo", "Show the whole story on this machine.", "train"),
    "train": Command("trainer.command:train", "Fine-tune a model and record the run.", "train"),
    "plan": Command(
        "trainer.plan_command:plan",
        "Advise on stages, method, learning rate, batch and data, and work out what memory they take.",
        "train",
    ),
    "vocab": Command(
        "trainer.vocabulary.command:vocab",
        "Extend a model's vocabulary by tokens of a corpus, and measure what that brings.",
        "train",
    ),
    "watch": Command("store.commands.watch:watch", "Follow someone else's run by its log files.", "import"),
    "import": Command("store.commands.imports:import_logs", "Make runs of finished logs.", "import"),
    "dash": Command("dashboard.command:dash", "Serve the dashboard."),
    "runs": Command("store.commands.runs:runs", "List, show, compare and remove runs."),
    "rollback": Command("store.commands.rollback:rollback", "Send a run back to a checkpoint."),
    "spikes": Command("store.commands.spikes:spikes", "Find the loss spikes of a run, or of anyone's log."),
    "chat": Command("trainer.chat_command:chat", "Talk with a checkpoint, beside its base if wanted.", "train"),
    "alert": Command("store.commands.alert:alert", "Try the webhooks that runs tell of spikes and ends."),
    "eval": Command(
        "trainer.eval_command:evaluate", "Score a model on suites, against its base and the checkpoint before.", "train"
    ),
    "probe": Command(
        "trainer.probe_command:probe",
        "Ask a model choice questions, and show what it forgot against its base.",
        "train",
    ),
    "score": Command(
        "evals.commands.score:score", "Score texts against references: BLEU, chrF, ROUGE, exact match, F1.", "eval"
    ),
    "data": Command("evals.commands.data:data", "Check training data, build better data from it, mix general data in."),
    "review": Command("evals.commands.review:review", "Open blind reviews, follow them, and weigh experts' verdicts."),
    "gate": Command("evals.commands.gate:gate", "Check a checkpoint's evidence, and approve or refuse its release."),
    "release": Command(
        "evals.commands.release:release", "Release checkpoints, restore earlier ones, and say and verify what is live."
    ),
    "user": Command("store.commands.user:user", "Add people, give them roles, invite experts, and take it all back."),
    "export": Command(
        "trainer.export_command:export",
        "Write a checkpoint as a folder to be tried elsewhere; it is not released.",
        "train",
    ),
    "serve": Command(
        "store.commands.serve:serve",
        "Serve the store to a team: trainers deliver runs, others read them with SQL.",
        "serve",
    ),
    "deliver": Command("store.commands.deliver:deliver", "Bring what was recorded for a server to it.", "serve"),
    "db": Command(
        "store.commands.db:db",
        "Check, migrate, rebuild, query, export, back up and restore the store; verify its audit log.",
    ),
}


_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk that is full says."""


class LazyCommands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        entry = COMMANDS[cmd_name]
        module, attribute = entry.target.split(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if not entry.extra or (error.name or "").split(".")[0] in (
                "assay",
                "store",
                "evals",
                "trainer",
                "dashboard",
            ):
                raise
            raise AssayError(
                f"`assay {cmd_name}` needs {error.name}: pip install 'assay-llm[{entry.extra}]'"
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="assay")
def root() -> None:
    """Watch fine-tuning live, catch its spikes, and release only what its evidence supports."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: exit 0 fine, 1 the answer is no, 2 a usage or input error."""
    status: object = 0
    if arguments is None:
        _spare_pandas(sys.argv[1:])
    _require_text(sys.argv[1:] if arguments is None else arguments)
    try:
        status = root.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        _fail(error.format_message())
    except AssayError as error:
        _fail(str(error))
    except (KeyboardInterrupt, click.Abort):
        click.echo("assay: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (as in `assay … | head`): nothing is wrong.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        # What is left unwritten would be tried again when the interpreter ends.
        sys.stdout = None
        _fail(f"cannot write{f' {error.filename}' if error.filename else ''}: {error.strerror}; make room there")
    sys.exit(status if isinstance(status, int) else 0)


class _WithoutPandas(MetaPathFinder):
    """Lets nothing load pandas."""

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("a command that works on a store alone needs no pandas", name=fullname)


def _spare_pandas(arguments: Sequence[str]) -> None:
    """For a process that is one command's: DuckDB loads pandas, where it is installed, to look at the first value of a
    query, and pyarrow does for the first rows, which takes longer than most commands do. Work on a store needs none.
    """
    entry = COMMANDS.get(arguments[0]) if arguments else None
    if entry and entry.target.startswith("store."):
        sys.meta_path.insert(0, _WithoutPandas())


def _require_text(arguments: Sequence[str]) -> None:
    """Bytes that are no UTF-8 reach no command: names and reasons are kept and shown as text."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            _fail(f"{argument.encode(errors='replace').decode()} is no UTF-8 text; write it so, or rename the file")


def _fail(sentence: str) -> None:
    click.echo(f"assay: {sentence}", err=True)
    sys.exit(2)
