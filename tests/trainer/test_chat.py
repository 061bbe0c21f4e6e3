"""`assay chat`: lines in, answers out."""

import pytest

from evals.generate import answer
from evals.prompt import ChatTemplate
from store.database import Store
from trainer.asked import find_asked, load_asked
from trainer.session import start_run
from trainer.talking import Talk, partners


@pytest.fixture
def run(config_for, store):
    start_run(config_for(train__method="lora"), store)
    return "r"


def test_each_piped_line_is_answered_by_both(run, store, assay):
    done = assay(
        "chat", f"{run}@6", "--beside", "base", "--tokens", "6", "--store", store.path,
        text="What is 2 plus 2?\n\n/new\nWhat is 2 plus 2?\n",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.split("\n")
    assert [line.partition("> ")[0] for line in said if "> " in line] == ["r@6", "the start of r@6"] * 2
    first, second = done.stdout.split("r@6> ")[1], done.stdout.split("r@6> ")[3]
    assert first.partition("\nthe start")[0] == second.partition("\nthe start")[0]


def test_the_first_answer_is_the_one_that_a_single_question_gets_and_the_next_knows_it(run, store):
    found = find_asked(run, store)
    model, tokenizer = load_asked(found)
    template = ChatTemplate(tokenizer)
    [alone] = answer(model, tokenizer, template, ["What is 2 plus 2?"], max_new_tokens=6)
    talk = Talk(found, 6)
    assert talk.say("What is 2 plus 2?") == alone
    talk.say("And then?")
    assert [turn.role for turn in talk._turns] == ["user", "assistant"] * 2
    talk.forget()
    assert talk.say("What is 2 plus 2?") == alone


def test_a_model_without_a_known_base_needs_one_named(model_folder, tmp_path, assay):
    store = Store.at(tmp_path / "elsewhere" / "assay.duckdb")
    assert [one.name for one in partners(str(model_folder), str(model_folder), store)] == [str(model_folder)] * 2
    done = assay("chat", model_folder, "--beside", "base", "--store", store.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("does not say what it began with; name the folder of its base after --beside\n")
