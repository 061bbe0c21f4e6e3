"""Progress of campaigns, for someone whose role is for one of them."""

import pytest

from evals.review.progress import status
from store.access import AccessError
from tests.evals.review.campaigns import add_role, add_user, make_campaign


@pytest.mark.parametrize("role", ["lead", "auditor", "engineer"])
def test_a_role_for_one_campaign_shows_that_one_alone(store, role):
    one, two = make_campaign(store), make_campaign(store)

    def bound(transaction):
        who = add_user(transaction, "bound")
        add_role(transaction, who, role, one.campaign)
        return who

    who = store.transaction(bound)
    assert [found.campaign for found in status(store, who)] == [one.campaign]
    assert [found.campaign for found in status(store, one.lead)] == [two.campaign, one.campaign]
    with pytest.raises(AccessError):
        status(store, who, two.campaign)
