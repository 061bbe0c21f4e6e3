"""How this server is entered: set once when it starts, and read by pages and routes."""

from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Entrance", "entrance", "open_by"]


class Entrance(NamedTuple):
    """The ways in of a server."""

    public: str | None = None
    """Address that others reach it by, such as https://assay.example.org; None where it is for this machine alone."""

    oidc: bool = False
    """Whether a provider of OpenID Connect is set up."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach it through TLS."""
        return (self.public or "").startswith("https://")

    @property
    def host(self) -> str | None:
        """The host's name in the public address."""
        return urlsplit(self.public).hostname if self.public else None

    @property
    def cookie(self) -> str:
        """Name of the cookie of invited people.

        `__Host-` binds it to this host and to TLS; a browser refuses that name over plain HTTP.
        """
        return "__Host-assay" if self.secure else "assay-invited"


_entrances = [Entrance()]


def entrance() -> Entrance:
    """The ways in of this process's server; local alone until it is said otherwise."""
    return _entrances[-1]


def open_by(way: Entrance) -> None:
    """Say how this process's server is entered."""
    _entrances[:] = [way]
