"""Any text pasted as a public key is accepted, or refused without repeating it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.commands.keys import public_untrusted
from deploy.problem import Problem
from recorder.opening.unsealed import new_key

pytestmark = pytest.mark.record

PAIR = new_key()


@given(st.one_of(st.text(max_size=200), st.text(max_size=20).map(lambda more: PAIR.public + more)))
def test_any_text_is_a_key_or_a_problem(text: str) -> None:
    try:
        found = public_untrusted(text)
    except Problem:
        return
    assert found == PAIR.public


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_private_key_is_recognised_anywhere_and_not_repeated(before: str, after: str) -> None:
    with pytest.raises(Problem, match="PRIVATE") as caught:
        public_untrusted(before + PAIR.secret + after)
    assert PAIR.secret[20:] not in caught.value.text + caught.value.remedy
