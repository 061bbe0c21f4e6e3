"""`assay review close`: end a campaign before its rules do."""

import click

from evals.commands.review_common import command_actor, number_of, when
from evals.review.errors import CampaignError
from evals.review.holding import let_checkpoints_go
from evals.review.service import close_campaign
from store.commands.common import console, json_option, loaded_store, print_json, store_option
from store.database import Store

__all__ = ["close"]


@click.command()
@click.argument("campaign")
@click.option("--reason", help="Why it ends; stays with the campaign. Needed while it is open.")
@click.option("--let-go", is_flag=True, help="Let its checkpoints be removed as well; they can then not be released.")
@store_option
@json_option
def close(*, campaign: str, reason: str | None, let_go: bool, store: str | None, as_json: bool) -> None:
    """End a campaign for good.

    CAMPAIGN is its name or number. Verdicts given so far become final and count, nobody can give more. Its two
    checkpoints stay held until --let-go, which may also be said later.
    """
    place = loaded_store(store)
    number, actor = number_of(place, campaign), command_actor()
    if reason is not None or not let_go:
        _end(place, number, " ".join((reason or "").split()))
    free = let_checkpoints_go(place, actor, number) if let_go else []
    if as_json:
        print_json({"campaign": number, "closed": True, "let_go": free})
        return
    console.print(f"campaign {number} is closed", markup=False)
    for target in free:
        console.print(f"no longer held: {target}", markup=False)


def _end(store: Store, number: int, reason: str) -> None:
    if not reason:
        raise CampaignError("a campaign is closed with a reason; say why with --reason")
    closed = store.rows("SELECT closed FROM campaign WHERE id = $number", {"number": number})[0]["closed"]
    if closed is not None:
        raise CampaignError(f"campaign {number} is closed already, since {when(closed)}")
    close_campaign(store, command_actor(), number, reason)
