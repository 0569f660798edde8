"""Any text is read, and what is not known becomes something near."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text_to_image.words import MOST, Vocabulary, split

KNOWN = Vocabulary(["cat", "kitten", "heart", "mountain", "nebula", "red", "snow"])


@pytest.mark.parametrize(
    ("text", "subject", "setting"),
    [
        ("A cat", ["cat"], []),
        ("cat in a red nebula", ["cat"], ["red", "nebula"]),
        ("Red heart, on the snow", ["red", "heart"], ["snow"]),
        ("cat on red background", ["cat"], ["red"]),
        ("in the mountains", ["mountains"], []),
        ("", [], []),
    ],
)
def test_a_prompt_is_a_subject_and_a_setting(text, subject, setting):
    assert split(text) == (subject, setting)


def words(shares):
    return {KNOWN.words[number]: share for number, share in shares}


def test_known_words_share_alike():
    assert words(KNOWN.read("red cat")[0]) == {"red": 0.5, "cat": 0.5}


@pytest.mark.parametrize(("unknown", "near"), [("kittens", "kitten"), ("mountainous", "mountain"), ("snowy", "snow")])
def test_an_unknown_word_becomes_what_looks_like_it(unknown, near):
    subject = words(KNOWN.read(unknown)[0])
    assert max(subject, key=subject.get) == near and subject[near] > 0.8


@given(st.text(max_size=80))
def test_no_text_fails(text):
    for shares in KNOWN.read(text):
        assert not shares or sum(share for _, share in shares) == pytest.approx(1)
        assert all(0 <= number < len(KNOWN) for number, _ in shares)


def test_a_long_prompt_counts_its_first_words():
    assert len(split("word " * 50)[0]) == MOST
