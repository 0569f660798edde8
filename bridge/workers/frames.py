"""The process of a frame model."""

import socket

from bridge.workers import messages as m

SLOT = "/frames/"
"""Above the address of what holds for every frame model."""


def run(
    sock: socket.socket, declaration: str, rings: tuple[str, str, str], page_name: str, settings: m.SetParams
) -> None:
    """Load the model that ``module:Class`` declares, and paint from GoLive on until told to stop.

    ``rings`` are the names of the ring of frames, of the one that is written while another worker takes over, and of
    the one that sources write. The model is loaded with ``settings``.
    """
    from bridge.workers import show  # here, for control imports this module and nothing that draws

    show.run(sock, declaration, rings, page_name, settings)
