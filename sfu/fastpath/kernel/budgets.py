"""How much each transport may cause: token buckets. Their rates are in fastpath/budgets.py."""

from sfu.fastpath.kernel.native import Row, compiled, rows_at
from sfu.fastpath.kernel.tables import BUDGET, BUDGETS, COUNTERS, TOKEN

MAX_ELAPSED_US = 10_000_000
"""No bucket takes longer to fill."""


@compiled
def refilled(bucket: Row, now: int) -> int:
    """What is left now, in millionths."""
    elapsed = min(max(now - bucket.at_us, 0), MAX_ELAPSED_US)
    bucket.left = min(bucket.left + elapsed * bucket.per_s, bucket.burst * TOKEN)
    bucket.at_us = now
    return int(bucket.left)


@compiled
def affords(ctx: Row, transport: int, budget: int, cost: int) -> bool:
    """Whether `spend` would succeed without borrowing. Nothing is spent, and only a refusal is counted."""
    bucket = rows_at(ctx.budgets, ctx.n_transports * BUDGETS + 1, BUDGET)[transport * BUDGETS + budget]
    if refilled(bucket, ctx.now) >= cost * TOKEN:
        return True
    refuse(ctx, bucket)
    return False


@compiled
def spend(ctx: Row, transport: int, budget: int, cost: int) -> bool:
    """Take this from the transport's budget, or, if it may borrow, from what all share."""
    buckets = rows_at(ctx.budgets, ctx.n_transports * BUDGETS + 1, BUDGET)
    bucket = buckets[transport * BUDGETS + budget]
    if refilled(bucket, ctx.now) >= cost * TOKEN:
        bucket.left -= cost * TOKEN
        return True
    if bucket.borrows:
        common = buckets[ctx.n_transports * BUDGETS]
        if refilled(common, ctx.now) >= cost * TOKEN:
            common.left -= cost * TOKEN
            return True
    refuse(ctx, bucket)
    return False


@compiled
def refuse(ctx: Row, bucket: Row) -> None:
    bucket.refused += 1
    rows_at(ctx.counters, 1, COUNTERS)[0].held += 1


__all__ = ["affords", "spend"]
