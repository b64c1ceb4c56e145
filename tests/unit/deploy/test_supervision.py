"""When processes are started, stopped and given up on."""

import pytest

from deploy.run.supervision import Action, Kill, Policy, Start, Supervision, Terminate, Trace

POLICY = Policy(first_pause_s=1, longest_pause_s=4, quick_s=10, give_up_after=5, polite_s=2, kill_s=5)


def two() -> Supervision:
    core = Supervision(("media", "control"), POLICY)
    assert core.start(0.0) == (Start("media"), Start("control"))
    return core


def test_a_process_that_dies_is_started_again_after_a_pause() -> None:
    core = two()
    assert core.died("media", 100.0) == ()
    assert core.next_deadline() == 101.0
    assert core.on_deadline(100.5) == ()
    assert core.on_deadline(101.0) == (Start("media"),)
    assert core.next_deadline() is None


def test_the_pause_doubles_with_each_quick_death_up_to_a_bound() -> None:
    core = Supervision(("media",), Policy(first_pause_s=1, longest_pause_s=4, quick_s=10, give_up_after=9))
    core.start(0.0)
    now, pauses = 0.0, []
    for _ in range(5):
        core.died("media", now)
        due = core.next_deadline()
        assert due is not None
        pauses.append(due - now)
        now = due
        core.on_deadline(now)
    assert pauses == [1, 2, 4, 4, 4]


def test_a_long_life_forgives_earlier_deaths() -> None:
    core = two()
    now = 0.0
    for _ in range(20):
        now += 11
        core.died("media", now)
        due = core.next_deadline()
        assert due == now + 1
        now = due
        assert core.on_deadline(now) == (Start("media"),)
    assert core.given_up_on is None


def test_a_crash_loop_ends_everything() -> None:
    core = two()
    now = 0.0
    for _ in range(4):
        core.died("media", now)
        due = core.next_deadline()
        assert due is not None
        now = due
        core.on_deadline(now)
    assert core.died("media", now) == (Terminate("control"),)
    assert core.given_up_on == "media"
    core.died("control", now)
    assert core.finished


def test_settings_that_cannot_work_are_not_tried_again() -> None:
    core = two()
    assert core.died("media", 0.3, hopeless=True) == (Terminate("control"),)
    assert core.given_up_on == "media"


def test_a_port_that_is_taken_while_restarting_is_tried_again() -> None:
    core = two()
    core.died("media", 100.0)
    core.on_deadline(101.0)
    assert core.died("media", 101.5, hopeless=True) == ()
    assert core.given_up_on is None


def test_stop_ends_the_last_started_process_first() -> None:
    core = two()
    assert core.stop(50.0) == (Terminate("control"),)
    assert core.died("control", 50.5) == (Terminate("media"),)
    assert not core.finished
    assert core.died("media", 51.0) == ()
    assert core.finished
    assert core.next_deadline() is None


def test_stop_does_not_wait_long_for_one_process() -> None:
    core = two()
    core.stop(50.0)
    assert core.next_deadline() == 52.0
    assert core.on_deadline(52.0) == (Terminate("media"),)


def test_a_process_that_does_not_stop_is_killed() -> None:
    core = two()
    core.stop(50.0)
    core.on_deadline(52.0)
    core.died("media", 52.1)
    assert core.on_deadline(54.0) == ()
    assert core.next_deadline() == 55.0
    assert core.on_deadline(55.0) == (Kill("control"),)
    core.died("control", 55.0)
    assert core.finished


def test_nothing_is_started_after_stop() -> None:
    core = two()
    core.died("media", 10.0)
    assert core.stop(10.1) == (Terminate("control"),)
    assert core.on_deadline(11.0) == ()
    core.died("control", 11.0)
    assert core.finished


def test_stopping_twice_changes_nothing() -> None:
    core = two()
    core.stop(50.0)
    assert core.stop(50.1) == ()


def test_a_restart_starts_the_new_process_when_the_old_one_has_ended_and_is_no_death() -> None:
    core = two()
    for now in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0):
        assert core.restart("control", now) == (Terminate("control"),)
        assert core.was_told_to_end("control")
        assert not core.was_told_to_end("media")
        assert core.died("control", now + 0.1) == (Start("control"),)
    assert core.given_up_on is None
    assert core.next_deadline() is None


def test_a_process_that_does_not_end_for_its_restart_is_killed() -> None:
    core = two()
    core.restart("control", 50.0)
    assert core.restart("control", 51.0) == ()
    assert core.next_deadline() == 55.0
    assert core.on_deadline(55.0) == (Kill("control"),)
    assert core.died("control", 55.1) == (Start("control"),)


def test_a_restart_starts_at_once_what_waits_after_a_death() -> None:
    core = two()
    core.died("control", 1.0)
    assert core.restart("control", 1.5) == (Start("control"),)
    assert core.on_deadline(2.0) == ()


def test_nothing_is_restarted_after_stop() -> None:
    core = two()
    core.restart("control", 50.0)
    assert core.stop(50.1) == (Terminate("control"),)
    assert core.restart("control", 50.2) == ()
    assert core.died("control", 50.3) == (Terminate("media"),)


def with_recorder() -> Supervision:
    core = Supervision(("media", "recorder", "control"), POLICY, frozenset({"recorder"}))
    core.start(0.0)
    return core


@pytest.mark.record
def test_a_process_that_the_others_do_not_need_is_tried_less_and_less_often_but_never_given_up_on() -> None:
    core = with_recorder()
    now, pauses = 0.0, []
    for _ in range(12):
        assert core.died("recorder", now) == ()
        due = core.next_deadline()
        assert due is not None
        pauses.append(due - now)
        now = due
        assert core.on_deadline(now) == (Start("recorder"),)
    assert pauses == [1, 2, 4, 4, 16, 32, 60, 60, 60, 60, 60, 60]
    assert core.given_up_on is None


@pytest.mark.record
def test_a_recorder_that_cannot_run_with_its_settings_ends_no_other_process() -> None:
    core = with_recorder()
    assert core.died("recorder", 0.3, hopeless=True) == ()
    assert core.given_up_on is None
    assert core.next_deadline() is not None


@pytest.mark.record
def test_stop_ends_the_recorder_before_the_media_worker() -> None:
    core = with_recorder()
    assert core.stop(50.0) == (Terminate("control"),)
    assert core.died("control", 50.1) == (Terminate("recorder"),)
    assert core.died("recorder", 50.2) == (Terminate("media"),)


# --- processes that do not answer ---

WATCHFUL = Policy(max_silent_looks=20, max_waking_looks=120)
BOTH = frozenset({"media", "control"})


def watched() -> Supervision:
    core = Supervision(("media", "control"), WATCHFUL)
    core.start(0.0)
    assert core.looked(BOTH) == ()
    return core


def looks(core: Supervision, count: int, heard: frozenset[str]) -> list[Action]:
    """What so many looks at these processes lead to."""
    return [action for _ in range(count) for action in core.looked(heard)]


def test_a_process_that_falls_silent_shows_where_it_hangs_is_killed_and_starts_again() -> None:
    core = watched()
    assert looks(core, 19, frozenset({"control"})) == []
    assert looks(core, 1, frozenset({"control"})) == [Trace("media")]
    assert looks(core, 2, frozenset({"control"})) == [Kill("media", silent=True)]
    assert looks(core, 50, frozenset({"control"})) == []
    assert core.died("media", 100.0) == ()
    due = core.next_deadline()
    assert due is not None
    assert core.on_deadline(due) == (Start("media"),)
    assert looks(core, 119, frozenset({"control"})) == []


def test_a_word_now_and_then_is_enough() -> None:
    core = watched()
    for _ in range(10):
        assert looks(core, 19, frozenset()) == []
        assert core.looked(BOTH) == ()


def test_a_process_that_has_not_woken_yet_gets_longer() -> None:
    core = Supervision(("media",), WATCHFUL)
    core.start(0.0)
    assert looks(core, 119, frozenset()) == []
    assert looks(core, 1, frozenset()) == [Trace("media")]


def test_a_process_that_is_to_end_need_not_answer() -> None:
    core = watched()
    core.restart("media", 10.0)
    assert looks(core, 100, frozenset({"control"})) == []
    core.died("media", 10.5)
    core.stop(20.0)
    assert looks(core, 100, frozenset()) == []
