"""Who asks for something, and whether it is the role that was refused."""

from assay.errors import AssayError
from store.access import AccessError
from tests.evals.review.campaigns import add_role, add_user

__all__ = ["person", "refused"]


def person(store, role=None, campaign=None):
    """Somebody new, with a role where one is named."""

    def add(transaction):
        actor = add_user(transaction, role or "nobody")
        if role:
            add_role(transaction, actor, role, campaign)
        return actor

    return store.transaction(add)


def refused(call, *args):
    """Whether it is the role that was refused."""
    try:
        call(*args)
    except AccessError:
        return True
    except AssayError:
        return False
    return False
