"""What people read is plain English, and the rules would notice what is not."""

import pytest

from tests.arch import language
from tests.arch.source import Source, everything, product, report, written


def test_comments_docstrings_and_documents_are_plain_english() -> None:
    sources = [
        *everything(),
        *product(".js"),
        *product(".css"),
        *written("tests", ".js"),
        *written(".", ".md"),
    ]
    assert report(language.language_complaints(sources)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "So long a keyframe is waited for.",
        "Who is muted hears nothing of it.",
        "0 for who has never knocked.",
        "Whoever is chair takes it back.",
        "A participant shuts his own microphone.",
        "Shut by themself.",
        "Nobody comes in but for the chair.",
        "The seat is no more.",
        "Never is a packet older than that.",
        "The house has three processes.",
        "Its octets are hashed.",
        "The part thereof that is signed.",
    ],
)
def test_an_odd_sentence_is_noticed(text: str) -> None:
    assert list(language.language_complaints([Source("sfu/slot.py", f'"""{text}"""\n')]))
    assert list(language.language_complaints([Source("sfu/slot.py", f"x = 1  # {text}\n")]))
    assert list(language.language_complaints([Source("web/app/app.js", f"/** {text} */\n")]))
    assert list(language.language_complaints([Source("docs/page.md", f"A line.\n{text}\n")]))
    assert list(language.language_complaints([Source("deploy/make/test.sh", f"# {text}\n")]))


@pytest.mark.parametrize(
    "text",
    [
        "def test_who_is_muted_is_not_heard() -> None: ...",
        "class C:\n    x: int\n    '''Whoever has it.'''",
    ],
)
def test_names_of_tests_and_notes_on_fields_are_read_too(text: str) -> None:
    assert list(language.language_complaints([Source("tests/unit/test_x.py", text)]))


@pytest.mark.parametrize(
    "text",
    [
        "As long as the line lasts.",
        "Who may do what: one table.",
        "Who speaks, who waits, and in what order.",
        "Raises `Whoever` when it fails.",
        "How many bytes were sent.",
        "It is not known who is muted.",
    ],
)
def test_plain_sentences_are_left_alone(text: str) -> None:
    assert list(language.language_complaints([Source("sfu/slot.py", f'"""{text}"""\n')])) == []
