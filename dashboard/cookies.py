"""The cookie of invited people: a token that opens nothing by itself, with a signature of this store."""

import hashlib

from itsdangerous import BadSignature, Signer

from store.database import Store
from store.secret_files import secret

__all__ = ["login_in", "signed"]


def signed(store: Store, token: str) -> str:
    """The cookie's value for a token. Raises StoreError where the store's secret cannot be read."""
    return _signer(store).sign(token).decode("ascii")


def login_in(store: Store, value: str) -> str | None:
    """The login's key, SHA-256 of the token, in a cookie's value; None where the signature is not ours.

    Raises StoreError where the store's secret cannot be read.
    """
    try:
        token = _signer(store).unsign(value)
    except (BadSignature, UnicodeEncodeError):
        return None
    return hashlib.sha256(token).hexdigest()


def _signer(store: Store) -> Signer:
    return Signer(secret(store, "cookie"), salt="assay.invited", digest_method=hashlib.sha256)
