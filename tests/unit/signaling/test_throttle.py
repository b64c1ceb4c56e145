"""Guessing gets slower and slower; people are not kept out for long."""

from signaling.accounts.throttle import BY_ACCOUNT, BY_ADDRESS, FORGET_S, MAX_RECORDS, Throttle
from signaling.connections.bucket import Bucket


def test_some_attempts_are_free_then_each_doubles_the_wait() -> None:
    throttle = Throttle()
    now_s = 0.0
    for _ in range(BY_ACCOUNT.free):
        assert throttle.attempt("thu-ky", "192.0.2.7", now_s) == 0
    waits = []
    for _ in range(5):
        wait_s = throttle.attempt("thu-ky", "192.0.2.7", now_s)
        waits.append(wait_s)
        now_s += wait_s
        assert throttle.attempt("thu-ky", "192.0.2.7", now_s) == 0
    assert waits == [1, 2, 4, 8, 16]


def test_an_account_is_never_kept_out_longer_than_five_minutes() -> None:
    throttle = Throttle()
    now_s = 0.0
    for number in range(40):
        now_s += throttle.attempt("thu-ky", f"198.51.100.{number}", now_s)
        throttle.attempt("thu-ky", f"198.51.100.{number}", now_s)
    assert throttle.attempt("thu-ky", "192.0.2.200", now_s) <= BY_ACCOUNT.max_wait_s


def test_one_address_that_tries_many_accounts_is_slowed_too() -> None:
    throttle = Throttle()
    for number in range(BY_ADDRESS.free):
        assert throttle.attempt(f"tram-{number}", "192.0.2.7", 0.0) == 0
    assert throttle.attempt("another", "192.0.2.7", 0.0) > 0
    assert throttle.attempt("another", "192.0.2.8", 0.0) == 0


def test_a_hospital_behind_one_address_signs_in_without_waiting() -> None:
    throttle = Throttle()
    for number in range(200):
        assert throttle.attempt(f"khoa-{number}", "192.0.2.7", 0.0) == 0
        throttle.succeeded(f"khoa-{number}", "192.0.2.7")


def test_success_clears_the_mistakes_and_so_does_time() -> None:
    throttle = Throttle()
    for _ in range(BY_ACCOUNT.free):
        throttle.attempt("a", "192.0.2.7", 0.0)
    throttle.succeeded("a", "192.0.2.7")
    assert throttle.attempt("a", "192.0.2.7", 0.0) == 0
    for _ in range(BY_ACCOUNT.free):
        throttle.attempt("b", "192.0.2.9", 0.0)
    assert throttle.attempt("b", "192.0.2.9", FORGET_S) == 0


def test_the_table_is_bounded() -> None:
    throttle = Throttle()
    for number in range(MAX_RECORDS):
        throttle.attempt(f"login-{number}", f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}", 0.0)
    assert len(throttle._records) == MAX_RECORDS


def test_a_bucket_gives_its_burst_and_then_its_pace() -> None:
    bucket = Bucket(per_s=2.0, burst=3, now_s=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5), bucket.take(100.0)] == [True, False, True]
