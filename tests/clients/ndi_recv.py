"""A receiver of NDI from another package than the sender's: ndi-python, in a process of its own."""

import time
from typing import Any

PATIENCE = 25.0


def receive(name: str, answer: Any) -> None:
    """Send the third frame of the source of that name, RGB, through ``answer``."""
    import NDIlib as ndi  # noqa: N813
    import numpy as np

    assert ndi.initialize()
    settings = ndi.FindCreate()
    settings.show_local_sources, settings.extra_ips = True, "127.0.0.1"
    finder = ndi.find_create_v2(settings)
    until = time.monotonic() + PATIENCE
    source = None
    while source is None and time.monotonic() < until:
        ndi.find_wait_for_sources(finder, 500)
        source = next((each for each in ndi.find_get_current_sources(finder) if name in each.ndi_name), None)
    assert source is not None, "the source is not found"
    wanted = ndi.RecvCreateV3()
    wanted.color_format = ndi.RECV_COLOR_FORMAT_RGBX_RGBA
    receiver = ndi.recv_create_v3(wanted)
    ndi.recv_connect(receiver, source)
    ndi.find_destroy(finder)
    frames = 0
    while time.monotonic() < until:
        kind, video, *_ = ndi.recv_capture_v2(receiver, 500)
        if kind == ndi.FRAME_TYPE_VIDEO:
            pixels = np.copy(video.data)[..., :3]
            ndi.recv_free_video_v2(receiver, video)
            frames += 1
            if frames == 3:
                answer.send(pixels)
                break
    ndi.recv_destroy(receiver)
    ndi.destroy()
