"""The real `assay dash`, with a clock that stands still and, when a file says so, with a fault or a leak put in.

Run as a program by `house`. The file named by BLIND_ORDERS holds one word, read at each pair: `trouble` raises an
error that says what no expert may know, `busy` one of the store, which names its file; `key` puts the candidate's side
into the key of the page's component; `order` turns the criteria round where the candidate is on the left.
"""

import dataclasses
import itertools
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path


def stand_still():
    """Stop the store's clock, before anything has taken the real one from its module."""
    import store.clock  # noqa: PLC0415 - what is imported here is changed, in this program alone

    begin, ticks = datetime.now(UTC).replace(tzinfo=None), itertools.count()
    # Ever later, so that what is ordered by time stays in order, and never long enough to be read on a page.
    store.clock.utc_now = lambda: begin + timedelta(microseconds=next(ticks))


def take_orders(file):
    """Do at each pair what the file says."""
    from evals.review import service  # noqa: PLC0415 - after the clock

    real = service.next_pair

    def next_pair(opened, actor, campaign):
        order = file.read_text()
        fail(order, opened, campaign)
        return leaking(order, opened, real(opened, actor, campaign))

    service.next_pair = next_pair


def fail(order, opened, campaign):
    """Raise what is ordered."""
    from store.errors import StoreError  # noqa: PLC0415 - after the clock

    if order == "busy":
        raise StoreError(f"cannot read the store {opened.path}")
    if order == "trouble":
        row = opened.rows("SELECT name, candidate, baseline FROM campaign WHERE id = $id", {"id": campaign})[0]
        told = f"{row['name']} is about {row['candidate']} and {row['baseline']}"
        raise RuntimeError(f"cannot open {opened.path}: {told}")


def leaking(order, opened, found):
    """A pair, with what is ordered to leak."""
    component = sys.modules["dashboard.component"]
    component._KEY = "review"
    if order not in ("key", "order") or not hasattr(found, "token"):
        return found
    side = candidate_side(opened, found.token)
    if order == "key":
        component._KEY = f"review-{side}"
    turned = order == "order" and side == "left"
    return dataclasses.replace(found, criteria=found.criteria[::-1]) if turned else found


def candidate_side(opened, token):
    """Where the candidate's answer stands."""
    rows = opened.rows(
        'SELECT l."left" = m.candidate AS it FROM lease l '
        "JOIN mapping m ON m.campaign_id = l.campaign_id AND m.item = l.item WHERE l.token = $token",
        {"token": token},
    )
    return "left" if rows[0]["it"] else "right"


def main():
    """Change what is to be changed, and serve."""
    stand_still()
    take_orders(Path(os.environ["BLIND_ORDERS"]))
    from assay.cli import main as assay  # noqa: PLC0415 - after the clock

    assay()


if __name__ == "__main__":
    main()
