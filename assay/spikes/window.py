"""The newest values of a series, kept sorted: exact median and exact MAD without looking at all of them."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable

__all__ = ["Window"]


class Window:
    """The newest `size` values; a value comes in and the oldest goes in O(log n) comparisons."""

    __slots__ = ("_newest", "_sorted", "size")

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        """Hold the last `size` of `values`, which must be numbers."""
        self.size = size
        self._newest: deque[float] = deque(values, maxlen=size)
        self._sorted = sorted(self._newest)

    def __len__(self) -> int:
        return len(self._sorted)

    def push(self, value: float) -> None:
        """Take in a value; the oldest one leaves where the window is full."""
        newest, ordered = self._newest, self._sorted
        if len(newest) == self.size:
            del ordered[bisect_left(ordered, newest[0])]
        newest.append(value)
        insort(ordered, value)

    def values(self) -> list[float]:
        """The values, oldest first."""
        return list(self._newest)

    def median(self) -> float:
        """The median: the mean of the middle two of an even number. Raises IndexError where it is empty.

        >>> Window(4, [3.0, 1.0, 2.0, 9.0]).median()
        2.5
        """
        half, is_odd = divmod(len(self._sorted), 2)
        if is_odd:
            return self._sorted[half]
        return (self._sorted[half - 1] + self._sorted[half]) / 2

    def mad(self) -> float:
        """The median of the absolute deviations from the median, unscaled. Raises IndexError where it is empty.

        >>> Window(5, [1.0, 2.0, 3.0, 4.0, 100.0]).mad()
        1.0
        """
        return self.middle()[1]

    def middle(self) -> tuple[float, float]:
        """Median and MAD."""
        ordered = self._sorted
        half, is_odd = divmod(len(ordered), 2)
        median = ordered[half] if is_odd else (ordered[half - 1] + ordered[half]) / 2
        # The half + 1 values nearest to the median lie side by side; the MAD is told by the ends of them.
        low, high = 0, len(ordered) - half - 1
        while low < high:
            begin = (low + high) >> 1
            if median - ordered[begin] > ordered[begin + half + 1] - median:
                low = begin + 1
            else:
                high = begin
        left, right = median - ordered[low], ordered[low + half] - median
        if is_odd:
            return median, max(right, left)
        # Without the farther end these are the `half` nearest values, and its rank is one lower.
        if left > right:
            return median, (left + max(abs(median - ordered[low + 1]), right)) / 2
        return median, (right + max(left, abs(ordered[low + half - 1] - median))) / 2
