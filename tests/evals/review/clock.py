"""A clock that tests move by hand, as the review service sees it."""

from datetime import datetime, timedelta

from store.clock import utc_now

__all__ = ["Clock"]


class Clock:
    """The time of day, standing still until it is moved."""

    def __init__(self, monkeypatch) -> None:
        """Put in the place of `utc_now` wherever the service asks for the time."""
        self.now = utc_now()
        for module in ("entry", "judged", "closing", "assigned"):
            monkeypatch.setattr(f"evals.review.{module}.utc_now", self)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_by(self, **span: float) -> None:
        """Move on by a span, as `timedelta` has it."""
        self.now += timedelta(**span)
