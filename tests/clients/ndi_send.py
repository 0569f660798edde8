"""A sender of NDI from another package than the receiver's: ndi-python, in a process of its own."""

from typing import Any


def send(name: str, width: int, height: int, done: Any) -> None:
    """Send test cards under that name until ``done`` is set."""
    import NDIlib as ndi  # noqa: N813
    import numpy as np

    from bridge.measure.card import TestCard

    assert ndi.initialize()
    settings = ndi.SendCreate()
    settings.ndi_name = name
    sender = ndi.send_create(settings)
    card, number = TestCard(width, height), 0
    frame = ndi.VideoFrameV2()
    while not done.wait(1 / 30):
        number += 1
        cells = np.full((height, width, 4), 255, np.uint8)
        cells[..., :3] = card.pixels(number)
        frame.data, frame.FourCC = cells, ndi.FOURCC_VIDEO_TYPE_RGBX
        ndi.send_send_video_v2(sender, frame)
    ndi.send_destroy(sender)
    ndi.destroy()
