"""Snappy decompression, for the index blocks of TensorFlow 1.1 and before.

Source: google/snappy `format_description.txt`.
"""

from models.protobuf import varint


def decompress(data: bytes, largest: int) -> bytes:
    """The plain bytes, at most ``largest``. Raises ValueError if the data is malformed or says it is longer."""
    size, at = varint(data, 0)
    if size > largest:
        raise ValueError(f"a compressed block must hold at most {largest} bytes, says {size}")
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                width = length - 59
                length = int.from_bytes(data[at : at + width], "little")
                at += width
            out += data[at : at + length + 1]
            at += length + 1
        else:
            width = (1, 2, 4)[(tag & 3) - 1]
            offset = int.from_bytes(data[at : at + width], "little")
            length = (tag >> 2) + 1
            if width == 1:
                offset += (tag >> 5) << 8
                length = (tag >> 2 & 7) + 4
            at += width
            if not 0 < offset <= len(out):
                raise ValueError(f"a compressed block copies from {offset} bytes back, {len(out)} are there")
            for _ in range(length):
                out.append(out[-offset])
        if at > len(data) or len(out) > size:
            raise ValueError("a compressed block's parts must lie within it")
    if len(out) != size:
        raise ValueError(f"a compressed block says it holds {size} bytes, holds {len(out)}")
    return bytes(out)
