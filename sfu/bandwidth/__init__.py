"""What a downlink carries, and how that is spent. Without I/O.

feedback -> FeedbackReader -> DelayEstimator --,
REMB -----------------------> RembEstimator ---+-> bps -> Allocator -> an option for each slot
the fast path's counters ---> LayerRates ------'
"""

from sfu.bandwidth.allocator import ENOUGH, Allocation, Allocator, Demand, Option, Rank
from sfu.bandwidth.estimator import DelayEstimator
from sfu.bandwidth.feedback import MAX_READ, Delivery, FeedbackReader
from sfu.bandwidth.protocol import DownlinkEstimator
from sfu.bandwidth.rates import LayerRates
from sfu.bandwidth.remb import RembEstimator

__all__ = [
    "ENOUGH",
    "MAX_READ",
    "Allocation",
    "Allocator",
    "DelayEstimator",
    "Delivery",
    "Demand",
    "DownlinkEstimator",
    "FeedbackReader",
    "LayerRates",
    "Option",
    "Rank",
    "RembEstimator",
]
