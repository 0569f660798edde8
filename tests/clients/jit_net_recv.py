"""What jit.net.recv does, from Cycling '74's specification and what programs that talk to Max agree on: takes a matrix,
answers with its times, prints what it got. Standard library only; knows nothing of Antiphon.

    jit_net_recv.py PORT_FILE COUNT OUT   listens, says where in PORT_FILE, writes the COUNTth matrix's cells to OUT
"""

import json
import socket
import struct
import sys
import time
from pathlib import Path


def exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port_file = Path(sys.argv[1])
        port_file.with_suffix(".part").write_text(str(listener.getsockname()[1]))
        port_file.with_suffix(".part").rename(port_file)
        connection, _ = listener.accept()
        for _ in range(int(sys.argv[2])):
            chunk = exactly(connection, 8)
            assert chunk[:4] == b"JMTX", chunk
            assert int.from_bytes(chunk[4:], "little") == 288, chunk
            header = exactly(connection, 288)
            before = 1000 * time.time()
            assert header[:4] == b"JMTX", header[:8]
            numbers = struct.unpack(">69I", header[4:280])
            size, planes, kind, dimensions = numbers[:4]
            sizes, strides, data_size = numbers[4:36], numbers[36:68], numbers[68]
            (sent,) = struct.unpack(">d", header[280:])
            assert size == 288 and dimensions <= 32 and data_size == strides[dimensions - 1] * sizes[dimensions - 1]
            cells = exactly(connection, data_size)
            connection.sendall(struct.pack(">4sddd", b"JMLP", sent, before, 1000 * time.time()))
        Path(sys.argv[3]).write_bytes(cells)
        told = {
            "planes": planes,
            "type": kind,
            "sizes": sizes[:dimensions],
            "strides": strides[:dimensions],
            "sent": sent,
        }
        print(json.dumps(told))


main()
