"""An answer that everybody may have is made once for all who ask together."""

import asyncio

import pytest

from signaling.http.shared_answer import SharedAnswer


class Question:
    """What is costly to answer."""

    def __init__(self, keep_s: float) -> None:
        self.now_s = 0.0
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.fault: Exception | None = None
        self.shared = SharedAnswer(self._make, keep_s, lambda: self.now_s)

    async def _make(self) -> int:
        self.asked += 1
        await self.may_answer.wait()
        if self.fault is not None:
            raise self.fault
        return self.asked


async def test_a_thousand_who_ask_together_are_one_question() -> None:
    question = Question(keep_s=0.0)
    asking = [asyncio.create_task(question.shared.get()) for _ in range(1000)]
    await asyncio.sleep(0)
    question.may_answer.set()
    assert await asyncio.gather(*asking) == [1] * 1000


async def test_it_is_asked_again_when_the_answer_is_old() -> None:
    question = Question(keep_s=5.0)
    question.may_answer.set()
    assert [await question.shared.get() for _ in range(3)] == [1, 1, 1]
    question.now_s = 5.0
    assert await question.shared.get() == 2


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    question = Question(keep_s=5.0)
    question.may_answer.set()
    question.fault = LookupError()
    asking = [asyncio.create_task(question.shared.get()) for _ in range(3)]
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert results == [question.fault] * 3
    question.fault = None
    assert await question.shared.get() == 2


async def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    question = Question(keep_s=0.0)
    gone = asyncio.create_task(question.shared.get())
    there = asyncio.create_task(question.shared.get())
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    question.may_answer.set()
    assert await there == 1
