"""A MIDI keyboard on JACK: plays "pitch velocity" of each line that it reads; PORT [NAME]: what it is connected to, and
its own name."""

import subprocess
import sys

import mido


def main() -> None:
    backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    client = sys.argv[2] if len(sys.argv) > 2 else "keyboard"
    with backend.open_output("keys", client_name=client, virtual=True) as output:
        listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=True).stdout.split("\n")
        ours = next(name for name in listed if name.startswith(client))
        subprocess.run(["jack_connect", ours, sys.argv[1]])  # fails where the bridge has restored it
        for line in sys.stdin:
            pitch, velocity = map(int, line.split())
            output.send(mido.Message("note_on", note=pitch, velocity=velocity))


if __name__ == "__main__":
    main()
