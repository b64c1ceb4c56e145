"""How good a line is: the figures that people are shown, and one word for them. Pure."""

import sfu
from sfu import Pictures
from signaling.protocol.line_views import LinePoint, LineView, Quality

GOOD_RTT_MS = 300
"""ITU-T G.114: conversation is natural up to about 150 ms one way."""
FAIR_RTT_MS = 700
"""Near G.114's limit of 400 ms one way, people begin to interrupt each other."""
GOOD_LOSS_PERMILLE = 30
"""Opus conceals this much without anybody hearing it."""
FAIR_LOSS_PERMILLE = 100
"""Beyond it retransmission cannot keep a picture moving."""
GOOD_QUEUE_MS = 150
FAIR_QUEUE_MS = 400
"""A queue delays one direction; the limits are the same."""
MIN_LINE_BPS = 160_000
"""A voice with its headers (some 40 kbit/s) and the smallest layer of one camera (some 110)."""


def word(report: sfu.LineReport) -> Quality:
    """One word for a report. The worst figure decides; an unknown one does not count."""
    loss = max(report.loss_up_permille, report.loss_down_permille)
    cannot = 0 <= report.estimate_bps < MIN_LINE_BPS or report.pictures is Pictures.NONE
    if cannot or _beyond(report, loss, FAIR_RTT_MS, FAIR_LOSS_PERMILLE, FAIR_QUEUE_MS):
        return Quality.POOR
    partly = report.pictures is Pictures.SOME
    if partly or _beyond(report, loss, GOOD_RTT_MS, GOOD_LOSS_PERMILLE, GOOD_QUEUE_MS):
        return Quality.FAIR
    return Quality.GOOD


def _beyond(report: sfu.LineReport, loss: int, rtt_ms: int, loss_permille: int, queue_ms: int) -> bool:
    return report.rtt_ms > rtt_ms or loss > loss_permille or report.queue_ms > queue_ms


def view(report: sfu.LineReport, quality: Quality) -> LineView:
    """The report as the person on that line sees it, with the settled word."""
    return LineView(
        path=report.path,
        rtt_ms=report.rtt_ms,
        loss_up=report.loss_up_permille,
        loss_down=report.loss_down_permille,
        up_kbps=_kbps(report.up_bps),
        down_kbps=_kbps(report.down_bps),
        estimate_kbps=_kbps(report.estimate_bps),
        queue_ms=report.queue_ms,
        quality=quality,
        pictures=report.pictures,
    )


def point(line: LineView, unix_ms: int) -> LinePoint:
    """The view as a point of the board."""
    return LinePoint(
        at=unix_ms,
        rtt_ms=line.rtt_ms,
        loss_up=line.loss_up,
        loss_down=line.loss_down,
        up_kbps=line.up_kbps,
        down_kbps=line.down_kbps,
        quality=line.quality,
    )


def _kbps(bps: int) -> int:
    """-1 (unknown) stays -1."""
    return bps if bps < 0 else round(bps / 1000)
