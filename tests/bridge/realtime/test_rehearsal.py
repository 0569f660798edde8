from bridge.realtime.now import NowPage
from bridge.realtime.outputs import OscOutput
from bridge.realtime.rehearsal import Rehearsal


def test_a_rehearsal_leaves_nothing_behind():
    time = 100.0
    rehearsal = Rehearsal(lambda: time)
    for _ in range(1000):
        time += 7.0
        rehearsal.play()
    player = rehearsal._player
    assert player.events == []
    for part in player._all():
        assert len(part.ledger) == 0
        assert part._schedule == []
        assert len(part.outputs) == 1  # none has failed
    assert player._sent == []
    assert any(isinstance(output, OscOutput) for output in player.outputs)


def test_a_private_page_works_like_a_shared_one():
    page = NowPage.private()
    page.begin("answer", 0, 60, 100, 1.0)
    assert [note.pitch for note in page.read(2.0).notes] == [60]
    page.unlink()
