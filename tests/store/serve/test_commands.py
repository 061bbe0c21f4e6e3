"""`assay serve token`, and what a server says while it works."""

import json

from assay.cli import main
from tests.store.serve.serving import as_json, assay, one_sentence, recorded, steps_of, wait_until


def test_tokens_are_made_listed_and_taken_back(tmp_path, store):
    place = ("--store", str(store.root))
    made = assay("serve", "token", "add", "--kind", "inbox", "--name", "gpu-1", *place, folder=tmp_path)
    assert made.returncode == 0
    token = made.stdout.strip()
    assert token.startswith("assay-inbox-")
    assert token not in made.stderr
    listed = as_json(assay("serve", *place, "token", "ls", "--json", folder=tmp_path))["tokens"]
    assert [(row["name"], row["kind"]) for row in listed] == [("gpu-1", "inbox")]
    assert token not in json.dumps(listed)
    assert assay("serve", "token", "rm", "gpu-1", *place, folder=tmp_path).returncode == 0
    again = assay("serve", "token", "rm", "gpu-1", *place, folder=tmp_path)
    assert (again.returncode, one_sentence(again.stderr)) == (
        2, "there is no token called gpu-1; `assay serve token ls` lists them",
    )  # fmt: skip


def test_a_table_of_tokens_is_for_people(store, capsys):
    main_exits_0(["serve", "token", "add", "--kind", "read", "--name", "ann", "--json", "--store", str(store.root)])
    assert set(json.loads(capsys.readouterr().out)) == {"name", "kind", "token"}
    main_exits_0(["serve", "token", "ls", "--store", str(store.root)])
    assert capsys.readouterr().out.split()[:4] == ["name", "kind", "since", "(UTC)"]


def main_exits_0(arguments):
    try:
        main(arguments)
    except SystemExit as ended:
        assert ended.code == 0  # noqa: PT017 - the command line ends so


def test_what_is_on_a_server_is_changed_on_its_machine_alone(tmp_path, served):
    for command in (("runs", "rm", "demo"), ("db", "check"), ("serve",), ("watch", "."), ("user", "ls")):
        done = assay(*command, "--store", served.address, folder=tmp_path, ASSAY_TOKEN=served.token("read", command[0]))
        assert done.returncode == 2, command
        assert "do this on the machine that runs `assay serve`" in one_sentence(done.stderr), command


def test_runs_are_listed_shown_compared_and_asked_about(tmp_path, served):
    for name in ("one", "two"):
        recorded(tmp_path, name, 5)
        wait_until(lambda name=name: len(steps_of(served.store, name)) == 5)
    token = served.token("read")

    def told(*arguments):
        return as_json(assay(*arguments, "--json", "--store", served.address, folder=tmp_path, ASSAY_TOKEN=token))

    assert sorted(run["run"] for run in told("runs", "ls")) == ["one", "two"]
    assert told("runs", "show", "one")["run"] == "one"
    assert told("runs", "compare", "one", "two")
    assert told("db", "query", "SELECT count(*) AS n FROM run")["rows"] in ([[2]], [{"n": 2}])


def test_a_server_says_what_arrived(tmp_path, served):
    token = served.token("inbox")
    folder = tmp_path / "trainer"
    recorded(folder, "demo", 3)
    assert assay("deliver", "demo", "--to", served.address, folder=folder, ASSAY_TOKEN=token).returncode == 0
    assert served.stop() == 0
    line = served.said[-2]
    size = sum(path.stat().st_size for path in (folder / "runs" / "demo" / "spool").iterdir())
    assert f"1 deliveries ({size:,} bytes), 0 questions" in line
