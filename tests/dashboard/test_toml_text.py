"""Configurations as TOML: what is written can be read back."""

import math
import tomllib

from dashboard.toml_text import toml_text


def test_what_is_written_reads_back_the_same():
    config = {
        "seed": 0, "lr": 2e-05, "exact": True, "name": 'a "b"\n步', "tags": ["x", 1.5], "empty": {}, "": "no name",
        "data": {"train": ["a.jsonl", "b.jsonl"], "weights": {"a b": 0.5}, "columns": {}, "rows": [{"a": 1}, {}]},
        "deep": {"only": {"tables": {"value": 1}}},
    }  # fmt: skip
    assert tomllib.loads(toml_text(config)) == config


def test_what_toml_has_no_word_for_is_a_comment():
    text = toml_text({"run": {"parent": None, "best": math.inf, "loss": math.nan, "list": [None]}})
    assert text == '[run]\n# parent is not set\nbest = inf\nloss = nan\nlist = ["null"]'


def test_an_inner_section_is_written_as_a_configuration_has_it():
    text = toml_text({"guard": {"mode": "act"}, "guard.remedies": {"lr": 0.5}, "eval": {"samples": 5}})
    assert text == '[guard]\nmode = "act"\n\n[guard.remedies]\nlr = 0.5\n\n[eval]\nsamples = 5'
    assert tomllib.loads(text)["guard"]["remedies"] == {"lr": 0.5}
    beside = {"a": {"b": {"c": 1}}, "a.b": {"d": 2}, "x.y": {"z": 3}, "k": 1, "k.l": {"m": 1}}
    assert tomllib.loads(toml_text(beside)) == beside


def test_nothing_is_nothing():
    assert toml_text({}) == ""
