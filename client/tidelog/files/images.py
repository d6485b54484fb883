"""Images as arrays of pixels: of PIL, numpy, torch and their like, without importing any of them.

At the call the pixels are only copied; they become a PNG in the background, before they are sent.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple
from zlib import compressobj, crc32

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.loaded import library_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by the number of channels
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}  # of PIL's modes that are bytes as PNG has them
LEVEL = 1  # pixels compress little better at higher ones, and much slower
SIDE = 65_535
STRIPE_BYTES = 1024 * 1024


class Pixels(NamedTuple):
    """Rows of pixels from the top, 1 to 4 bytes each: grey, grey and alpha, RGB, RGBA."""

    data: bytes
    width: int
    height: int
    channels: int


def is_array(value: object) -> bool:
    """Say whether this is an array of numpy, torch, jax or tensorflow."""
    return hasattr(value, "shape") and hasattr(value, "dtype") and (hasattr(value, "__array__"))


def array_pixels(value: Any) -> Pixels:
    """Return the pixels of an array: height x width, or with 1 to 4 channels behind (of torch also in front).

    Floats are from 0 to 1 (or to 255, if one is above 1), integers from 0 to 255; what is beyond is cut off.
    """
    module = library_of(value)
    if module == "torch":
        value = value.detach().cpu()
        value = (value.float() if value.dtype.is_floating_point else value).numpy()
    import numpy  # the value is an array, so it is there

    array = numpy.asarray(value)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise UnsupportedTypeError(
            f"an array of shape {array.shape} is no image; one has height x width x 1 to 4 channels"
        )
    in_front = array.shape[2] not in COLOUR_TYPES and array.shape[0] in COLOUR_TYPES
    if in_front or (module == "torch" and array.shape[0] in (1, 3) and array.shape[2] not in (1, 3)):
        array = array.transpose(1, 2, 0)
    height, width, channels = array.shape
    if channels not in COLOUR_TYPES or not 0 < height <= SIDE or not 0 < width <= SIDE:
        raise InvalidValueError(
            f"an array of shape {array.shape} is no image; one has height x width x 1 to 4 channels, and sides of 1 to "
            f"{SIDE:,} pixels"
        )
    return Pixels(_as_bytes(numpy, array).tobytes(), width, height, channels)


def _as_bytes(numpy: Any, array: Any) -> Any:
    if array.dtype == numpy.uint8:
        return array
    if array.dtype == numpy.bool_:
        return array.astype(numpy.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise UnsupportedTypeError(f"an array of {array.dtype} is no image; pixels are numbers")
    if array.dtype.kind == "f":
        array = numpy.nan_to_num(array.astype(numpy.float32), nan=0.0, posinf=255.0, neginf=0.0)
        array = numpy.rint(array if array.size and array.max() > 1 else array * 255)
    return numpy.clip(array, 0, 255).astype(numpy.uint8)


def pil_pixels(image: Any) -> Pixels | None:
    """Return the pixels of a PIL image; None for a mode that only PIL itself can make a PNG of."""
    channels = CHANNELS.get(image.mode)
    if channels is None or not image.width or not image.height:
        return None
    return Pixels(image.tobytes(), image.width, image.height, channels)


def png(pixels: Pixels) -> bytes:
    """Return the pixels as a PNG (W3C Portable Network Graphics, third edition), without filters."""
    row_bytes = pixels.width * pixels.channels
    header = struct.pack(">IIBBBBB", pixels.width, pixels.height, 8, COLOUR_TYPES[pixels.channels], 0, 0, 0)
    rows = memoryview(pixels.data)
    deflate = compressobj(LEVEL)
    body = bytearray()
    stripe = max(1, STRIPE_BYTES // (row_bytes + 1))
    for top in range(0, pixels.height, stripe):
        some = range(top, min(top + stripe, pixels.height))
        body += deflate.compress(
            b"".join(part for row in some for part in (b"\0", rows[row * row_bytes :][:row_bytes]))
        )
    body += deflate.flush()
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", bytes(body)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))
