"""Processes are watched, started again, never given up, and stopped."""

import asyncio
from collections.abc import Callable
from typing import Any

import child_targets
import pytest
from child_targets import Said

from bridge import child
from bridge.child import Child, Loss


class Watched:
    """A child, and what it said and suffered."""

    def __init__(self, target: Callable[..., None], *arguments: Any, **options: Any) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.lost: asyncio.Queue[Loss] = asyncio.Queue()
        self.child: Child[Said] = Child(
            "test",
            target,
            lambda: arguments,
            Said,
            on_event=lambda event: self.heard.put_nowait(event.text),
            on_lost=self.lost.put_nowait,
            **options,
        )
        self.child.start()

    async def next(self) -> str:
        return await asyncio.wait_for(self.heard.get(), 20)

    async def next_loss(self) -> Loss:
        return await asyncio.wait_for(self.lost.get(), 20)


def test_a_child_greets_is_greeted_echoes_and_stops() -> None:
    async def scenario() -> None:
        watched = Watched(child_targets.echo, "hello", greeting=lambda: [Said("first")])
        assert await watched.next() == "hello"
        pid = int(await watched.next())
        assert pid == watched.child.pid
        assert await watched.next() == "first"
        watched.child.send(Said("second"))
        assert await watched.next() == "second"
        await watched.child.stop(Said("leave"))
        assert watched.child.pid is None
        assert watched.lost.empty()

    asyncio.run(scenario())


def test_a_killed_child_comes_back_and_is_greeted_again() -> None:
    async def scenario() -> None:
        watched = Watched(child_targets.echo, "hello", greeting=lambda: [Said("again")])
        first = [await watched.next() for _ in range(3)]
        watched.child.send(Said("die"))
        loss = await watched.next_loss()
        assert not loss.seldom
        assert "SIGKILL" in loss.text
        assert not watched.child.running
        second = [await watched.next() for _ in range(3)]
        assert (first[0], first[2]) == (second[0], second[2]) == ("hello", "again")
        assert first[1] != second[1]
        await watched.child.stop(Said("leave"))

    asyncio.run(scenario())


def test_a_child_that_hangs_is_ended_and_comes_back() -> None:
    async def scenario() -> None:
        watched = Watched(child_targets.echo, "hello", hang_after=0.4)
        assert [await watched.next(), (await watched.next()).isdigit()] == ["hello", True]
        watched.child.send(Said("hang"))
        assert "sent nothing for 0.4 s" in (await watched.next_loss()).text
        assert await watched.next() == "hello"
        await watched.child.stop(Said("leave"))

    asyncio.run(scenario())


def test_a_child_that_keeps_dying_is_tried_seldom_and_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "BACKOFF", (0.0, 0.01))
    monkeypatch.setattr(child, "SELDOM", (0.01, 30.0))

    async def scenario() -> None:
        watched = Watched(child_targets.die)
        losses = [await watched.next_loss() for _ in range(4)]
        assert [(loss.seldom, loss.told) for loss in losses] == [(False, False)] * 2 + [(True, False), (True, True)]
        assert "exit code 3" in losses[0].text and "every 30 s" not in losses[0].text
        assert "every 30 s" in losses[2].text
        watched.child.hurry()
        assert await watched.next_loss() == losses[3]
        await watched.child.stop(Said("leave"))

    asyncio.run(scenario())


def test_a_child_that_does_not_listen_is_killed_at_the_end() -> None:
    async def scenario() -> None:
        watched = Watched(child_targets.echo, "hello")
        await watched.next()
        await watched.next()
        watched.child.send(Said("hang"))
        await watched.child.stop(Said("leave"))
        assert watched.child.pid is None

    asyncio.run(scenario())
