"""Review: one pair of answers after the other, judged without knowing whose they are."""

from dashboard import widgets
from dashboard.views import review

widgets.live(review.show, None, review.stay)
