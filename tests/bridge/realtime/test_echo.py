import pytest

from bridge.realtime.echo import Echo


@pytest.fixture
def echo():
    return Echo(0.03)


def test_our_own_note_comes_back_once(echo):
    echo.sent([(60, 90)], 10.0)
    assert echo.is_own(3, 60, 90, 10.02)
    assert not echo.is_own(3, 60, 90, 10.025)  # the player's, in unison
    assert echo.is_own(3, 60, 0, 12.0)  # and so does its end
    assert not echo.is_own(3, 60, 0, 12.1)


def test_other_pitches_and_later_notes_are_the_player_s_but_measured(echo):
    echo.sent([(60, 90), (72, 0)], 10.0)
    assert not echo.is_own(0, 61, 90, 10.01)
    assert not echo.is_own(0, 60, 91, 10.01)
    assert not echo.is_own(0, 60, 90, 10.2)
    assert echo.is_own(0, 72, 90, 10.01)
    assert list(echo.delays) == pytest.approx([0.2, 0.01])


def test_without_a_window_everything_is_heard():
    echo = Echo(0.0)
    echo.sent([(60, 90)], 10.0)
    assert not echo.is_own(0, 60, 90, 10.0)


def test_a_repeated_note_comes_back_as_often_as_it_was_sent(echo):
    for time in (10.0, 10.01):
        echo.sent([(60, 90)], time)
    assert [echo.is_own(0, 60, 90, time) for time in (10.015, 10.02, 10.025)] == [True, True, False]


def test_memory_stays_bounded(echo):
    for number in range(5000):
        echo.sent([(60, 90)], number * 0.001)
    assert len(echo._sent) <= 512
