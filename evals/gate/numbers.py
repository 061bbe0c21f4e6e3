"""Numbers as the gate's sentences have them."""

__all__ = ["percent", "points", "short", "signed"]


def points(share: float) -> str:
    """A share in points.

    >>> points(0.0314), points(0.02), points(-0.0)
    ('3.1', '2.0', '0.0')
    """
    return f"{100 * share:z.1f}"


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.0457), percent(0.3)
    ('4.6 %', '30 %')
    """
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def signed(value: float) -> str:
    """A difference in points.

    >>> signed(6.84), signed(-0.5), signed(-0.01)
    ('+6.8', '-0.5', '+0.0')
    """
    return f"{value:+z.1f}"


def short(digest: str) -> str:
    """A digest as people see it.

    >>> short("3f9a61c07b2e55aa")
    '3f9a61c07b2e'
    """
    return digest[:12]
