"""Detectors of loss spikes: pure, streaming, standard library only.

`Detector` judges a step at a time, `Spikes` puts its alarms together, `scan` looks at a whole series and
`scan_stretches` at a log in which steps go back.
`docs/design/0008-spike-rules.md` says why its rules are what they are.
"""

from assay.spikes.detector import Detector
from assay.spikes.grouping import Spike, Spikes
from assay.spikes.scan import Scan, Stretch, scan, scan_stretches
from assay.spikes.settings import Settings
from assay.spikes.verdict import ACTIONS, RULES, Alarm, Verdict

__all__ = [
    "ACTIONS",
    "RULES",
    "Alarm",
    "Detector",
    "Scan",
    "Settings",
    "Spike",
    "Spikes",
    "Stretch",
    "Verdict",
    "scan",
    "scan_stretches",
]
