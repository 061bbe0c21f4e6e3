"""`assay review stats`: counts in, one sentence or one JSON document out."""

import json

import pytest

from assay.cli import main
from evals.stats.decision import Rules, summarise
from evals.stats.items import counted


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["review", "stats", *arguments])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


def counts(wins, ties, losses):
    return f"--wins={wins}", f"--ties={ties}", f"--losses={losses}"


def test_json_is_the_six_fields_and_nothing_else(capsys):
    code, out, err = run(capsys, *counts(30, 10, 10), "--json")
    found = json.loads(out)
    assert (code, err, found) == (0, "", summarise(counted(30, 10, 10), Rules()).as_dict())
    assert list(found) == ["e_superior", "e_noninferior", "lower", "upper", "win_difference", "decision"]
    assert (round(found["e_superior"], 4), found["win_difference"], found["decision"]) == (69.2327, 0.4, "superior")


@pytest.mark.parametrize(
    ("given", "more", "decision"),
    [
        ((14, 0, 1), (), "superior"),
        ((100, 100, 100), (), "not_worse"),
        ((5, 5, 40), (), "harm"),
        ((30, 10, 40), (), "futile"),
        ((3, 1, 2), (), "continue"),
        ((3, 1, 2), ("--cap", "6"), "inconclusive"),
        ((14, 0, 1), ("--alpha", "0.01"), "not_worse"),
        ((100, 100, 100), ("--margin", "0.1"), "futile"),
        ((170, 20, 130), ("--margin", "0.01", "--alpha", "0.001"), "inconclusive"),
    ],
)
def test_counts_margin_alpha_and_cap_decide(capsys, given, more, decision):
    code, out, _ = run(capsys, *counts(*given), *more, "--json")
    assert (code, json.loads(out)["decision"]) == (0, decision)


def test_the_margin_is_one_of_the_win_difference(capsys):
    _, out, _ = run(capsys, *counts(30, 10, 10), "--margin", "0.1", "--json")
    assert json.loads(out)["e_noninferior"] == pytest.approx(656.53, rel=1e-5)


def test_more_evidence_than_a_float_holds_is_still_a_number(capsys):
    code, out, _ = run(capsys, *counts(10**6, 0, 0), "--json")
    found = json.loads(out)
    assert (code, found["decision"], "nonfinite" in found) == (0, "superior", False)
    assert found["e_superior"] > 1e308


def test_people_are_told_the_decision_and_the_evidence_against_its_threshold(capsys):
    code, out, err = run(capsys, *counts(30, 10, 10))
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines == [
        "superior: the candidate is better than the baseline.",
        "",
        "claim strength of evidence decides at",
        "better than the baseline 69.2 20",
        "not worse by more than 0.15 2,441 20",
        "worse by more than 0.15 (harm) 0.079 20",
        "θ is below 0.6 (futile) 0.129 10",
        "",
        "50 pairs: 30 won, 10 tied, 10 lost; win difference +0.400",
        "θ is 0.700: at least 0.533 (95 %), at most 0.837 (95 %)",
    ]


@pytest.mark.parametrize(
    ("given", "more", "decision", "sentence"),
    [
        ((100, 100, 100), (), "not_worse", ("the candidate is not worse than the baseline by more than 0.15; "
         "that it is better is not shown")),
        ((5, 5, 40), ("--margin=0.2",), "harm", "the candidate is worse than the baseline by more than 0.2"),
        ((30, 10, 40), (), "futile", "whatever the candidate gains, it is too little to look for (θ is below 0.6)"),
        ((3, 1, 2), ("--cap=6",), "inconclusive", ("6 pairs, the most that were planned, do not tell; "
         "that is not the same as no difference")),
        ((1, 0, 0), (), "continue", "nothing is decided yet, more pairs are needed"),
    ],
)  # fmt: skip
def test_each_decision_is_a_sentence(capsys, given, more, decision, sentence):
    code, out, _ = run(capsys, *counts(*given), *more)
    assert (code, out.splitlines()[0]) == (0, f"{decision}: {sentence}.")


def test_huge_evidence_is_told_by_its_power_of_ten(capsys):
    _, out, _ = run(capsys, *counts(2000, 0, 0))
    assert "10^349.2" in out
    assert "2,000 pairs: 2,000 won" in out


@pytest.mark.parametrize("margin", ["0", "-0.1", "1", "1.5", "nan", "inf", "1e-20"])
def test_a_margin_out_of_range_is_refused(capsys, margin):
    code, out, err = run(capsys, *counts(1, 0, 0), f"--margin={margin}")
    sentence = f"--margin is {margin}; give a difference of shares above 0 and below 1, such as 0.15"
    assert (code, out, err) == (2, "", f"assay: {sentence}\n")


@pytest.mark.parametrize("alpha", ["0", "-0.05", "1", "5", "nan", "inf"])
def test_an_alpha_out_of_range_is_refused(capsys, alpha):
    code, out, err = run(capsys, *counts(1, 0, 0), f"--alpha={alpha}")
    sentence = f"--alpha is {alpha}; give a chance of being wrong above 0 and below 1, such as 0.05"
    assert (code, out, err) == (2, "", f"assay: {sentence}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (counts(-1, 0, 3), "--wins is -1; a count of pairs is 0 to 1,000,000,000"),
        (counts(1, -20, 3), "--ties is -20; a count of pairs is 0 to 1,000,000,000"),
        (counts(1, 0, 10**10), "--losses is 10,000,000,000; a count of pairs is 0 to 1,000,000,000"),
        (counts(0, 10**30, 0), "--ties is a number of more than 18 digits; a count of pairs is 0 to 1,000,000,000"),
        (counts(0, 0, 0), "--wins, --ties and --losses are all 0; give at least one pair"),
        ((*counts(1, 0, 0), "--cap=0"), "--cap is 0; plan at least one pair"),
        (("--wins=1", "--ties=1"), "Missing option '--losses'."),
        (counts(1, "x", 1), "Invalid value for '--ties': 'x' is not a valid integer."),
    ],
)
def test_what_cannot_be_weighed_is_one_sentence(capsys, arguments, sentence):
    code, out, err = run(capsys, *arguments, "--json")
    assert (code, out, err) == (2, "", f"assay: {sentence}\n")
