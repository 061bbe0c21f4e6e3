"""What runs are asked in tests: suites of all three kinds, and what came of them."""

import json

from store.evaluations import evaluation_files, read_file

QUESTIONS = [
    {"id": f"q{n}", "lang": "en", "category": "sums", "question": f"What is {n} plus 2?",
     "choices": ["It is four.", "It is two.", "number"], "answer": n % 3}
    for n in range(12)
]  # fmt: skip
OPEN = [{"id": f"o{n}", "question": f"What is {n} plus {n}?", "reference": f"It is {2 * n}."} for n in range(3)]
TEXTS = [{"id": f"t{n}", "text": "It is four. What is 2 plus 2? " * (n + 1)} for n in range(3)]

OWN = 'def score(prediction, reference, row):\n    assert {holds}, "no score"\n    return 0.5\n'


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def make_suites(folder):
    """A choice suite, an open one with a metric of its own, and one of texts."""
    written(folder / "facts.jsonl", QUESTIONS)
    written(folder / "open.jsonl", OPEN)
    written(folder / "texts.jsonl", TEXTS)
    (folder / "own.py").write_text(OWN.format(holds=True))
    (folder / "open.toml").write_text(
        'measures = "learned"\nkind = "open"\nfile = "open.jsonl"\nlang = "en"\nmax_new_tokens = 6\n'
        'metrics = ["chrf", "own.py:score"]\n'
    )
    (folder / "texts.toml").write_text('measures = "kept"\nkind = "text"\nfile = "texts.jsonl"\n')
    return [str(folder / name) for name in ("facts.jsonl", "open.toml", "texts.toml")]


def results(store, suite=None):
    """All results that were kept, by suite and step (0 for a base), branch by branch."""
    found = [read_file(path) for path in evaluation_files(store.root)]
    wanted = [one for one in found if suite in (None, one.suite)]
    return sorted(wanted, key=lambda one: (one.suite, one.branch or 0, one.step or 0))


def places(store, suite=None):
    return [(one.suite, one.branch, one.step) for one in results(store, suite)]
