"""One process of graders that judge through the service, for `bench.review_page`.

    python -m bench.review_page_judge STORE USER LOGIN COUNT

Prints seconds of each submit, a JSON list.
"""

import json
import sys
import time

from bench.review_page_store import answer_of
from evals.review.service import next_pair, submit
from evals.review.types import PairView
from store.access import Actor
from store.database import Store

__all__ = ["judge"]


def main() -> None:
    """Judge, then print."""
    store, user, login, count = sys.argv[1:]
    print(json.dumps(judge(Store.at(store), Actor("invite", int(user), login=login), int(count))))


def judge(store: Store, actor: Actor, count: int) -> list[float]:
    """Judge so many pairs of campaign 1; seconds of each submit, waiting for the others included."""
    taken: list[float] = []
    for number in range(count):
        pair = next_pair(store, actor, 1)
        if not isinstance(pair, PairView):
            raise TypeError(f"no pair is left: {pair.reason}")
        begin = time.perf_counter()
        submit(store, actor, pair.token, answer_of(number))
        taken.append(time.perf_counter() - begin)
    return taken


if __name__ == "__main__":
    main()
