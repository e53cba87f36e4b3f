"""Reads the weights in an untrusted HDF5 file of Keras: from the file on stdin to a message on stdout.

This is a separate program because the HDF5 library is written in C, and a malicious file may make it crash or loop:
then only this program ends, and it has its own limits on memory and time. Only ordinary
groups and datasets are followed: no links to other files, no virtual or external data, no filters
(a filter could unpack a kilobyte to gigabytes), no references, and nothing but numbers.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
from collections.abc import Iterator

import frames
import h5py
import numpy as np

MAX_DATASETS = 4000
MAX_ENTRIES = 12_000  # groups and datasets
MAX_NUMBERS = 12_000_000
MAX_TEXT = 4 * 2**20
MAX_DEPTH = 24


class Refused(Exception):
    """The file is rejected. The message is a sentence for the user."""


def limit_memory(size: int = 2 * 2**30, seconds: int = 20) -> None:
    """Limit this program's memory in bytes and its CPU time; on Windows, only the caller's timeout applies."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(data: bytes) -> bytes:
    """The message with a file's configuration and weights; `Refused` if the file is not acceptable."""
    with h5py.File(io.BytesIO(data), "r") as file:
        found: dict[str, h5py.Dataset] = {}
        collect(file, "", found, itertools.count(1))
        if sum(dataset.size for dataset in found.values()) > MAX_NUMBERS:
            raise Refused(f"The file holds more than {MAX_NUMBERS:,} numbers.")
        arrays = {name: np.asarray(dataset[()], np.float32) for name, dataset in found.items()}
        return frames.pack({"config": text_attribute(file, "model_config")}, arrays)


def collect(group: h5py.Group, path: str, found: dict[str, h5py.Dataset], entries: Iterator[int]) -> None:
    """Add all datasets below a group to `found`, by path; `Refused` for links and excessive sizes.

    `entries` counts what was looked at: a group may be in several others, so that few groups make millions of paths.
    """
    if path.count("/") > MAX_DEPTH:
        raise Refused("The file nests its groups too deep.")
    for name in group:
        if next(entries) > MAX_ENTRIES:
            raise Refused(f"The file holds more than {MAX_ENTRIES:,} groups and datasets.")
        if len(found) > MAX_DATASETS:
            raise Refused(f"The file holds more than {MAX_DATASETS} datasets.")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise Refused("The file holds links to other places, which are not followed.")
        if name == "optimizer_weights" and not path:
            continue
        inner = group[name]
        if isinstance(inner, h5py.Group):
            collect(inner, f"{path}{name}/", found, entries)
        elif isinstance(inner, h5py.Dataset):
            check(inner, name)
            found[path + name] = inner


def check(dataset: h5py.Dataset, name: str) -> None:
    """Raise `Refused` unless a dataset has floating-point numbers, stored unpacked in the file itself."""
    shown = name[:40]
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in (2, 4, 8):
        raise Refused(f"{shown} holds {str(dataset.dtype)[:20]}; expected floating-point numbers.")
    if dataset.shape is None or len(dataset.shape) > 4 or dataset.size > MAX_NUMBERS:
        raise Refused(f"{shown} has a shape that no layer's weights have.")
    properties = dataset.id.get_create_plist()
    if dataset.is_virtual or dataset.external or properties.get_nfilters():
        raise Refused(f"{shown} is kept in another file or packed; save the model the ordinary way.")
    if dataset.size and dataset.id.get_storage_size() < dataset.size * dataset.dtype.itemsize:
        raise Refused(f"{shown} says it has {dataset.size:,} numbers, which are not in the file.")


def text_attribute(file: h5py.File, name: str) -> str | None:
    """A text attribute; None if it is missing, `Refused` if it is not text or too long."""
    if name not in file.attrs:
        return None
    identity = file.attrs.get_id(name)
    if identity.shape != () or identity.get_storage_size() > MAX_TEXT or identity.dtype.kind not in "SO":
        raise Refused(f"{name} is not text.")
    value = file.attrs[name]
    value = value.decode("utf-8") if isinstance(value, bytes) else value
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise Refused(f"{name} is not text, or is too long.")
    return value


def main() -> None:
    """Read stdin and answer, or report the problem in one sentence."""
    limit_memory()
    try:
        answer = read(sys.stdin.buffer.read())
    except Refused as error:
        answer = frames.pack({"refused": str(error)}, {})
    except Exception:  # h5py raises many kinds for damaged files
        answer = frames.pack({"refused": "The file of weights is damaged or no HDF5 file."}, {})
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
