"""What can be wrong with a campaign, said to whoever opens, reads or closes it."""

from assay.errors import AssayError

__all__ = ["CampaignError"]


class CampaignError(AssayError):
    """A campaign cannot be opened, read, closed or exported as asked; never shown to experts."""
