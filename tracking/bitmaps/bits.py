"""Redis bit strings <-> Roaring bitmaps. Pure.

SETBIT numbers the bits of a byte from the most significant: offset 0 is 0x80. Roaring does not, so
the offsets are read out byte by byte, skipping the zero bytes that are most of a sparse bitmap.
"""

import re

from pyroaring import BitMap

OFFSETS_OF_BYTE = [tuple(bit for bit in range(8) if byte & (0x80 >> bit)) for byte in range(256)]
NOT_ZERO = re.compile(rb"[^\x00]")


def bitmap_from(bit_string: bytes | None) -> BitMap:
    """The offsets that are set in `bit_string`, as GET returns it; none for a missing key."""
    if not bit_string:
        return BitMap()
    return BitMap(
        match.start() * 8 + offset
        for match in NOT_ZERO.finditer(bit_string)
        for offset in OFFSETS_OF_BYTE[bit_string[match.start()]]
    )


def bits_of(bitmap: BitMap) -> bytes:
    """The bit string that SETBIT makes for these offsets."""
    bits = bytearray(bitmap.max() // 8 + 1 if bitmap else 0)
    for offset in bitmap:
        bits[offset // 8] |= 0x80 >> (offset % 8)
    return bytes(bits)
