"""A stand-in for control, as a process of its own: plays a chord through a real realtime process, then waits."""

import multiprocessing
import sys
import time

from bridge.channel import Channel, pair
from bridge.realtime import messages as m
from bridge.realtime import process
from bridge.realtime.now import NowPage
from models.contract import Note


def main() -> None:
    """Print the realtime process's id once it is ready; play and hold a chord once a line is read."""
    page = NowPage.create()
    ours, theirs = pair()
    child = multiprocessing.get_context("spawn").Process(
        target=process.run, args=(theirs, None, page.name), daemon=True
    )
    child.start()
    theirs.close()
    channel: Channel[m.Event] = Channel(ours, m.Event)
    while not channel.receive():
        time.sleep(0.01)
    print(child.pid, flush=True)
    sys.stdin.readline()
    channel.send(m.Play(1, 0.0, tuple(Note(pitch, 100, 0.0, 1000.0, pitch % 3) for pitch in (48, 55, 60, 64, 67))))
    time.sleep(60)


if __name__ == "__main__":
    main()
