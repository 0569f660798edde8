"""``antiphon replay FILE``: a show again from its journal.

Without more it tells what the journal holds; --midi and --mp4 write its notes and its frames, --play plays the answers
on a MIDI port.
"""

import argparse
import sys
from pathlib import Path

HELP = "play a show again from its journal, or write it as .mid and .mp4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file and what is made of it."""
    parser.add_argument("journal", type=Path, metavar="FILE", help="in the show's folder, under journal")
    parser.add_argument("--midi", type=Path, metavar="OUT.mid", help="write its notes, to the tick")
    parser.add_argument("--mp4", type=Path, metavar="OUT.mp4", help="write its frames")
    parser.add_argument(
        "--play", nargs="?", const="", metavar="PORT", help="play its answers on a MIDI port (default: one of our own)"
    )


def run(args: argparse.Namespace) -> int:
    """Replay. Returns 2 for a file that is no journal, 1 where what was asked for cannot be made."""
    from bridge.offline import journal
    from bridge.show.journal import records
    from bridge.show.journal.files import JournalError

    try:
        show = journal.read(args.journal)
    except (JournalError, OSError) as error:
        print(f"antiphon replay: {error}", file=sys.stderr)
        return 2
    notes = [note for note in show.of(records.Sounded) if note.velocity]
    answers = sum(note.voice == "answer" for note in notes)
    print(
        f"{args.journal.name}: {show.seconds:.1f} s, {len(notes) - answers} notes heard, {answers} answered,"
        f" {len(show.of(records.Changed))} changes of parameters, {len(show.of(records.Done))} actions"
    )
    try:
        if args.midi:
            journal.midi_file(show).save(args.midi)
            print(f"{args.midi}: its notes")
        if args.mp4:
            from bridge.addresses import Table
            from bridge.offline import replay

            progress = (lambda text: print(f"\r  {text} ", end="", flush=True)) if sys.stdout.isatty() else None
            frames = replay.render(show, Table(), args.mp4, progress or (lambda text: None))
            print(f"{args.mp4}: {frames} frames")
        if args.play is not None:
            from bridge.offline import play

            play.play(show, args.play)
    except (ImportError, OSError, ValueError) as error:
        print(f"antiphon replay: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
