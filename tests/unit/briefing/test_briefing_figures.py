"""The figures of make bench-briefing, and when a row has reached what it should."""

import pytest

from tests.briefing.figures import Samples, Snapshot, latencies, metrics_of, rates
from tests.briefing.rows import ROWS, Told, row_of


def snapshot(at_s: float, *, received: int, expected: int, media_s: float, copies: float) -> Snapshot:
    return Snapshot(
        at_s=at_s,
        samples=0,
        received=received,
        expected=expected,
        repaired=0,
        padding=round(at_s * 100),
        sent=0,
        refused=0,
        datagrams=0,
        cpu_s={
            "supervisor": 0.0,
            "control": 0.1 * at_s,
            "media-0": media_s,
            "recorder": 0.0,
            "generator": 0.0,
        },
        busy_s=at_s,
        told={"giaoban_media_copies_total": copies},
    )


def test_a_phase_costs_what_was_used_between_its_ends() -> None:
    begin = snapshot(10.0, received=1_000, expected=1_000, media_s=3.0, copies=500)
    end = snapshot(20.0, received=9_900, expected=10_000, media_s=5.0, copies=10_500)
    found = rates(begin, end)
    assert found["copies_a_second"] == 890
    assert found["copies_told_a_second"] == 1_000
    assert found["media_percent"] == pytest.approx(20)
    assert found["control_percent"] == pytest.approx(10)
    assert found["others_percent"] == pytest.approx(70)
    assert found["copy_us"] == pytest.approx(200)
    assert found["lost_percent"] == pytest.approx(100 / 9_000 * 100)
    assert found["padding_a_second"] == pytest.approx(100)


def test_a_worker_that_does_not_answer_leaves_the_copies_to_be_counted() -> None:
    begin = snapshot(0.0, received=0, expected=0, media_s=0.0, copies=0)
    end = snapshot(1.0, received=1_000, expected=1_000, media_s=0.01, copies=0)
    assert rates(begin, end)["copy_us"] == pytest.approx(10)


def test_percentiles_are_of_what_was_measured_in_the_phase() -> None:
    samples = Samples([1.0] * 99 + [50.0], [float(ms) for ms in range(101)], [0.1], [90.0, 400.0])
    found = latencies(samples)
    assert (found["voice_p50_ms"], found["voice_p95_ms"], found["voice_p99_ms"]) == (1, 1, 1)
    assert (found["picture_p50_ms"], found["picture_p95_ms"], found["picture_p99_ms"]) == (50, 95, 99)
    assert found["longest_pause_ms"] == 400
    assert found["measured"] == 201


def test_the_workers_own_metrics_are_read_by_name() -> None:
    text = (
        "# HELP giaoban_media_copies_total x\n"
        'giaoban_media_copies_total{worker="0"} 700.0\n'
        'giaoban_media_tick_seconds{of="p99",worker="0"} 0.004\n'
        'giaoban_media_tick_seconds{of="p99",worker="1"} 9.0\n'
    )
    assert metrics_of(text) == {"giaoban_media_copies_total": 700, "giaoban_media_tick_seconds_p99": 0.004}


def test_a_row_is_reached_only_with_every_figure_and_without_a_reason() -> None:
    targets = {"media_percent": 20.0, "picture_p99_ms": 2.0}
    good = {"media_percent": 20.0, "picture_p99_ms": 1.0}
    assert Told("50 points", good, targets).reached
    assert Told("50 points", good | {"picture_p99_ms": 2.1}, targets).missed == ("picture_p99_ms",)
    assert Told("50 points", {"media_percent": 1.0}, targets).missed == ("picture_p99_ms",)
    told = Told("50 points", good, targets, "only 3 of 50 are inside").as_json()
    assert (told["reached"], told["reason"]) == (False, "only 3 of 50 are inside")
    assert told["targets"] == targets


def test_other_numbers_of_points_can_be_tried_and_have_nothing_to_reach() -> None:
    assert row_of(50) in ROWS
    assert row_of(33).targets == {}
    assert row_of(120).storm_s == 15
