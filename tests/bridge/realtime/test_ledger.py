from hypothesis import given
from hypothesis import strategies as st

from bridge.realtime.ledger import Ledger


def test_a_note_is_ended_once():
    ledger = Ledger()
    note, before = ledger.begin(0, 60, 100, phrase=1)
    assert before is None
    assert len(ledger) == 1
    assert ledger.end(note)
    assert not ledger.end(note)
    assert len(ledger) == 0


def test_a_repeated_pitch_ends_the_older_note_and_voids_its_end():
    ledger = Ledger()
    older, _ = ledger.begin(0, 60, 100, phrase=1)
    newer, before = ledger.begin(0, 60, 90, phrase=1)
    assert before == older
    assert not ledger.end(older)
    assert list(ledger) == [newer]
    assert ledger.end(newer)


def test_channels_are_apart():
    ledger = Ledger()
    ledger.begin(0, 60, 100, phrase=1)
    _, before = ledger.begin(1, 60, 100, phrase=1)
    assert before is None
    assert len(ledger) == 2


def test_a_phrase_ends_alone_and_oldest_first():
    ledger = Ledger()
    first, _ = ledger.begin(0, 60, 100, phrase=1)
    other, _ = ledger.begin(0, 62, 100, phrase=2)
    second, _ = ledger.begin(0, 55, 100, phrase=1)
    assert ledger.end_phrase(1) == [first, second]
    assert ledger.end_phrase(1) == []
    assert ledger.end_all() == [other]
    assert len(ledger) == 0


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 127), st.integers(1, 3), st.booleans()), max_size=200))
def test_whatever_happens_every_begun_note_is_ended_exactly_once(steps):
    ledger, begun, ended = Ledger(), [], []
    for channel, pitch, phrase, end in steps:
        note, before = ledger.begin(channel, pitch, 100, phrase)
        begun.append(note)
        if before:
            ended.append(before)
        if end and ledger.end(begun[len(begun) // 2]):
            ended.append(begun[len(begun) // 2])
    ended += ledger.end_phrase(2)
    ended += ledger.end_all()
    assert sorted(ended) == sorted(begun)
