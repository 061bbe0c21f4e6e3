"""How a pack and what comes back of it belong together: a key a pack, and the signature it makes.

The key of a pack is drawn from a secret of the store and the pack's id, so the store keeps none. It is in the pack
itself, as its page signs. A signature therefore proves that the verdicts were made by the page of this pack, or by
someone who has that file, and that nobody without it changed them since; not who sat before it.
"""

import hashlib
import hmac
from collections.abc import Iterable

from store.database import Store
from store.secret_files import secret

__all__ = ["KIND", "VERSION", "digest_of", "is_signed", "key_of", "signature"]

KIND = "assay-review-verdicts"
"""What a file of verdicts calls itself."""

VERSION = 1
"""Version of its form."""


def key_of(store: Store, pack: str) -> str:
    """The key of a pack, 64 hexadecimal digits. Raises StoreError where the store's secret cannot be read or made."""
    return hmac.new(secret(store, "packs"), f"pack|{pack}".encode(), "sha256").hexdigest()


def signature(key: str, pack: str, said: str) -> str:
    """HMAC-SHA256 of what a page says, as hexadecimal digits; the page's script makes the same."""
    signed = f"{KIND} {VERSION}\n{pack}\n{said}".encode("utf-8", "surrogatepass")
    return hmac.new(bytes.fromhex(key), signed, "sha256").hexdigest()


def is_signed(key: str, pack: str, said: str, claimed: str) -> bool:
    """Whether a signature is that of what is said."""
    return hmac.compare_digest(signature(key, pack, said).encode(), claimed.encode("utf-8", "replace"))


def digest_of(tokens: Iterable[str]) -> str:
    """What the audit log keeps of which pairs a pack has, in any order, without saying which.

    >>> digest_of(["b", "a"]) == digest_of(["a", "b"])
    True
    """
    return hashlib.sha256("\n".join(sorted(tokens)).encode("utf-8", "replace")).hexdigest()
