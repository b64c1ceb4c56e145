"""Private keys, read from the files people keep, locked or not; and how a stream reports its end."""

import base64
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.opening.unsealed import (
    BadKey,
    NeedsPassphrase,
    StreamEnd,
    Unsealed,
    identities_untrusted,
    lock_with_passphrase,
    new_key,
)
from recorder.writing.sealer import Sealer
from tests.support.sealed_recording import keys

pytestmark = pytest.mark.record

CHOSEN = keys()
QUICKLY_LOCKED = base64.b85decode(
    "VP|D6Wo~0~d2n=TZ*DGca%V4gF$yg{Aai4Kd2n<fXl+L~NN6xvHBEL$a7SonSYvEKc|jmF3QbgJPjggtF;;F_GHg_7"
    "Yg9N{Vq|A)Nkmv=bxLV7LPJb-Ffn9VR5nFX3N0-"
    "yATvmBId^AqMNKqIP*yK%bW(Iqbb5AiOfN@la&dE1G*)p^NjFhxVQMi&3REY&k@ZNe6atmy-"
    "^7G37tdvaE+MWbu4Jr$cw&pB7KtJV*b(4GKcIM!Mq;E=O66j9!%qr0Nnb=+YbE^bu{2mJ*Rmue)a3)Ln0a;L>$0^BA"
    "ZkqQn?>HuPkTO7sTF%tmNHNHz+xp1iEW~cSUi#l2@}*x"
)
QUICKLY_PUBLIC = "age1vczgac36n2rgq52evrjqln3gtngemrex0kkcvt0g2e6u23sjvyhqnqa03x"
"""Locked with a work factor of 2^4, which only tests should use."""


def sealed(data: bytes) -> bytes:
    parts: list[bytes] = []
    sealer = Sealer(CHOSEN.first, [], parts.append)
    sealer.write(data)
    sealer.close()
    return b"".join(parts)


PLAIN = random.Random(3).randbytes(200_000)
SEALED = sealed(PLAIN)


def test_a_key_file_may_hold_comments_and_several_keys() -> None:
    one, two = new_key(), new_key()
    text = f"# created: today\n\n{one.secret}\n  {two.secret.lower()} \n"
    assert identities_untrusted(text).public == (one.public, two.public)


def test_a_passphrase_locks_a_key_and_opens_it() -> None:
    key = new_key()
    file = lock_with_passphrase(f"# the board\n{key.secret}\n".encode(), "bốn con ngựa trắng")
    assert identities_untrusted(file, "bốn con ngựa trắng").public == (key.public,)


def test_a_wrong_passphrase_or_none_does_not_open_it() -> None:
    assert identities_untrusted(QUICKLY_LOCKED, "bốn con ngựa trắng").public == (QUICKLY_PUBLIC,)
    with pytest.raises(NeedsPassphrase):
        identities_untrusted(QUICKLY_LOCKED)
    with pytest.raises(NeedsPassphrase):
        identities_untrusted(QUICKLY_LOCKED, "bốn con ngựa đen")


@pytest.mark.parametrize(
    "text",
    ["", "# only words", "AGE-SECRET-KEY-1QQQ", CHOSEN.first[0], "age-encryption.org/v1\n-> X25519"],
    ids=["nothing", "a comment", "a broken key", "a public key", "a file's header"],
)
def test_a_file_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        identities_untrusted(text, "a passphrase")


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_key_or_refused(data: bytes) -> None:
    with pytest.raises(BadKey):
        identities_untrusted(data, "a passphrase")


def ended(data: bytes) -> tuple[bytes, StreamEnd | None]:
    with Unsealed(io.BytesIO(data), CHOSEN.identities) as unsealed:
        parts = []
        while part := unsealed.read(10_000):
            parts.append(part)
        return b"".join(parts), unsealed.ending


@given(st.integers(0, len(SEALED) - 1))
def test_a_truncated_file_gives_its_whole_chunks_and_says_so(at: int) -> None:
    found, end = ended(SEALED[:at])
    assert PLAIN.startswith(found)
    assert len(found) % 65536 == 0
    assert len(found) >= max(0, at - 65552 - 9000)
    assert end is StreamEnd.CUT


@given(st.integers(0, len(SEALED) - 1), st.integers(0, 7))
def test_a_changed_file_gives_the_part_before_and_says_so(at: int, bit: int) -> None:
    data = bytearray(SEALED)
    data[at] ^= 1 << bit
    found, end = ended(bytes(data))
    assert PLAIN.startswith(found)
    assert end is not StreamEnd.WHOLE


@given(st.binary(max_size=300))
def test_arbitrary_bytes_come_to_an_end(data: bytes) -> None:
    found, end = ended(data)
    assert found == b""
    assert end in (StreamEnd.CUT, StreamEnd.DAMAGED)


def test_a_stream_can_be_closed_in_the_middle() -> None:
    with Unsealed(io.BytesIO(SEALED), CHOSEN.identities) as unsealed:
        assert unsealed.read(5) == PLAIN[:5]
        assert unsealed.ending is None
