"""Messages between two programs through a pipe: a JSON object, and arrays or files as raw bytes."""

from __future__ import annotations

import json
import math
import struct

import numpy as np

_TYPES = {"float32": 4, "uint8": 1}


def pack(header: dict, arrays: dict[str, np.ndarray | bytes]) -> bytes:
    """Encode a JSON object, and float32 or uint8 arrays by name, as one message; bytes become uint8 arrays."""
    blocks = {name: np.frombuffer(a, np.uint8) if isinstance(a, bytes) else a for name, a in arrays.items()}
    table = [[name, str(a.dtype), list(a.shape)] for name, a in blocks.items()]
    head = json.dumps({"header": header, "arrays": table}).encode()
    return b"".join([struct.pack("<Q", len(head)), head, *(np.ascontiguousarray(a).tobytes() for a in blocks.values())])


def unpack(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """Decode a message into its object and arrays; ValueError, KeyError or TypeError if it is invalid."""
    if len(data) < 8:
        raise ValueError("the message is cut off")
    start = 8 + struct.unpack_from("<Q", data)[0]
    if start > len(data):
        raise ValueError("the message is cut off")
    head = json.loads(data[8:start])
    arrays = {}
    for name, kind, shape in head["arrays"]:
        size = math.prod(shape)
        if start + size * _TYPES[kind] > len(data):
            raise ValueError("the message is cut off")
        arrays[name] = np.frombuffer(data, kind, size, start).reshape(shape)
        start += size * _TYPES[kind]
    return head["header"], arrays
