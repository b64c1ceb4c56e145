"""What one transport sends beyond its budget is dropped and counted; the budget grows again; others have
theirs."""

import itertools

import pytest

from sfu.fastpath import HandUp, HandUpKind, MediaKind
from sfu.fastpath.budgets import COMMON_REPORTS, LINE_CHECK, PARTICIPANT
from sfu.fastpath.kernel.tables import (
    CHECKS,
    FIRST_CHECKS,
    RECORDS,
    REPORT_BYTES,
    REPORTS,
    STRANGERS,
    VOICES,
)
from sfu.rtp import rtcp
from tests.support.fastpath_stage import Publisher, Stage, rtp

SECOND = 1_000_000
RECORD = b"\x16" + bytes(40)


def check(name: str = "feedcafe") -> bytes:
    """Whatever follows is for Python to read."""
    return bytes.fromhex("000100102112a442") + bytes(12) + b"\0\x06\0\x0b" + name.encode() + b":xy\0"


def ups(stage: Stage, transport: int, datagram: bytes, count: int, now: int) -> list[HandUp]:
    return stage.fastpath.ingest(transport, [datagram] * count, now)


@pytest.mark.parametrize(("budget", "datagram"), [(RECORDS, RECORD), (CHECKS, check())])
def test_a_burst_is_handed_up_then_what_a_second_brings(budget: int, datagram: bytes) -> None:
    stage = Stage()
    mine, other = stage.publisher().transport, stage.publisher().transport
    stage.fastpath.bind_ufrag(mine, "feedcafe")
    stage.fastpath.bind_ufrag(other, "deadbeef")
    allowed = PARTICIPANT[budget]
    assert len(ups(stage, mine, datagram, 1000, SECOND)) == allowed.burst
    assert ups(stage, mine, datagram, 10, SECOND) == []
    assert len(ups(stage, mine, datagram, 1000, 2 * SECOND)) == allowed.per_s
    assert stage.fastpath.refused(mine, budget) == 2010 - allowed.burst - allowed.per_s
    theirs = check("deadbeef") if budget == CHECKS else datagram
    assert len(ups(stage, other, theirs, 5, 2 * SECOND)) == 5


def test_checks_from_elsewhere_do_not_use_up_those_from_its_own_address() -> None:
    stage = Stage()
    mine = stage.publisher().transport
    stage.fastpath.bind_ufrag(mine, "feedcafe")
    for elsewhere in (-1, stage.publisher().transport):
        assert len(ups(stage, elsewhere, check(), 1000, SECOND)) in (0, PARTICIPANT[FIRST_CHECKS].burst)
    assert len(ups(stage, mine, check(), 1, SECOND)) == 1


def test_a_check_that_names_nobody_is_dropped_and_charged_to_nobody() -> None:
    stage = Stage()
    mine = stage.publisher().transport
    stage.fastpath.bind_ufrag(mine, "feedcafe")
    odd = [
        check("deadbeef"),
        check()[:20],
        check()[:24],
        check().replace(b":", b";"),
        check()[:20] + bytes(16),
    ]
    for datagram in odd:
        whole = datagram[:2] + (len(datagram) - 20).to_bytes(2, "big") + datagram[4:]
        assert stage.fastpath.ingest(-1, [whole] * 500, SECOND) == []
    assert stage.count("unknown_ufrag") == 500 * len(odd)
    assert stage.count("faults") == 0
    assert len(ups(stage, -1, check(), 10, SECOND)) == 10
    stage.fastpath.unbind_ufrag(mine, "feedcafe")
    assert ups(stage, -1, check(), 10, SECOND) == []


def reports(publisher: Publisher, count: int, now: int) -> int:
    """How many empty receiver reports were handed up."""
    made = [publisher.srtp.protect_rtcp(rtcp.receiver_report(1, ())) for _ in range(count)]
    return len(publisher._fastpath.ingest(publisher.transport, made, now))


def test_reports_beyond_ones_own_come_from_what_all_share_and_everybody_keeps_theirs() -> None:
    stage = Stage()
    greedy, other, line = stage.publisher(), stage.publisher(), stage.publisher()
    stage.fastpath.narrow(line.transport)
    size = len(greedy.srtp.protect_rtcp(rtcp.receiver_report(1, ()))) + REPORT_BYTES
    own, common = PARTICIPANT[REPORTS].burst // size, COMMON_REPORTS.burst // size
    assert reports(greedy, 3000, SECOND) == own + common
    assert reports(line, 3000, SECOND) == LINE_CHECK[REPORTS].burst // size
    assert reports(other, 3000, SECOND) == own, "nothing is left to borrow, but its own is untouched"


def test_what_is_forged_costs_its_alleged_sender_nothing() -> None:
    stage = Stage()
    publisher = stage.publisher()
    forged = rtcp.receiver_report(1, ()) + bytes(20)
    strange = rtp(4711, 1) + bytes(16)
    for _ in range(100):
        assert stage.fastpath.ingest(publisher.transport, [forged, strange] * 50, SECOND) == []
    assert reports(publisher, 10, SECOND) == 10
    (stranger,) = publisher.send(rtp(4711, 2), now=SECOND)
    assert stranger.kind is HandUpKind.STRANGER
    assert stage.fastpath.refused(publisher.transport, STRANGERS) == 0


def test_a_microphone_that_sends_too_much_is_forwarded_as_far_as_its_budget_goes() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    allowed = PARTICIPANT[VOICES]
    numbers = itertools.count(1)
    for second in range(1, 4):
        publisher.send(*(rtp(1000, next(numbers)) for _ in range(1000)), now=second * SECOND)
    assert len(stage.seen()) == allowed.burst + 2 * allowed.per_s
    row = stage.fastpath.layers[publisher.layers[0]]
    assert row["packets"] == 3000, "they are counted as received"


def test_an_honest_voice_after_a_stall_of_three_seconds_is_whole() -> None:
    stage = Stage()
    publisher, viewer = stage.publisher(MediaKind.AUDIO), stage.viewer()
    stage.fastpath.switch(viewer.open_slot(MediaKind.AUDIO), publisher.layers[0])
    now = SECOND
    for number in range(1, 500):
        publisher.send(rtp(1000, number), now=now)
        now += 20_000
    now += 3 * SECOND
    publisher.send(*(rtp(1000, number) for number in range(500, 650)), now=now)
    for number in range(650, 800):
        now += 20_000
        publisher.send(rtp(1000, number), now=now)
    assert len(stage.seen()) == 799
