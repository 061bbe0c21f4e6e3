"""The numbers the rules go by; docs/design/0008-spike-rules.md says why each is what it is."""

from dataclasses import dataclass

__all__ = ["SIGMA", "Settings"]

SIGMA = 1.4826
"""Standard deviation of normal noise, in units of its MAD (median absolute deviation from the median)."""


@dataclass(frozen=True)
class Settings:
    """Thresholds of the detectors; points are whatever is seen, one a step or one a logged line."""

    window: int = 128
    """Accepted values a baseline is made of."""

    arms_at: int = 32
    """Values a baseline needs; the first ones are accepted whatever they are."""

    accept: float = 4.0
    """Raw MADs above the median up to which a value is accepted."""

    mad_floor: float = 1e-3
    """Least MAD, on the log scale: a tenth of a percent."""

    loss_floor: float = 0.1
    """Nats below which a loss is never high, and the log scale goes on as a straight line. A model at 0.1
    gives the right token nine times in ten; what moves below that is noise, however large in percent."""

    ends_after: int = 10
    """Accepted points in a row after which a spike is over."""

    new_level_after: int = 200
    """Points above the line after which the level counts as new and the baseline begins anew."""

    odd_in_row: int = 3
    """T0: points in a row that are no numbers, at which to go back."""

    jump: float = 8.0
    """T1: standard deviations (SIGMA * MAD) above the median."""

    rise: float = 0.05
    """T1: share by which the loss must be above the baseline's median as well."""

    skips: int = 3
    """T1: skips that are always allowed; one more goes back."""

    skip_share: float = 0.01
    """T1: skips allowed as a share of the newest points, where that is more."""

    skip_window: int = 1000
    """T1: how many newest points that is a share of."""

    high: int = 8
    """T2: points that are not accepted, at which to go back ..."""

    high_of: int = 10
    """T2: ... of this many newest ones."""

    high_rise: float = 0.02
    """T2: share by which the loss must be above the baseline's median as well. The line of a quiet log, rounded or
    of a huge batch, lies 0.4 % above it, which is never news; the smallest level that a large run was lost at is
    3 % up (Marin 32B)."""

    high_rise_alike: float = 0.05
    """T2: the same where each value of the baseline is much like the one before it, as in a smoothed log: such a
    log wanders, and eight of ten are then no more than one."""

    alike: float = 0.7
    """T2: what values are called alike at: their differences from the ones before, by median and MAD, over what
    they would be if each were drawn anew; 0.7 is a memory of one half."""

    drift_slack: float = 1.0
    """T3: standard deviations above the median that add nothing to the sum."""

    drift_limit: float = 6.0
    """T3: the sum that raises an alarm."""

    drift_most: float = 4.0
    """T3: most standard deviations one point counts, so that no single point is a drift."""

    early_from: int = 3
    """P: points before which nothing can be compared."""

    early_ratio: float = 10.0
    """P: gradient norm over its median, until the baseline has enough values."""

    rms_t: float = 2.3
    """P: RMS_t of a group of layers, as StableAdamW counts it."""

    signal_ratio: float = 2.0
    """P: update (per learning rate) or RMS_t of a group, over its median."""

    halvings: int = 3
    """P: halvings of the loss scale ..."""

    halvings_in: int = 100
    """P: ... within this many steps."""
