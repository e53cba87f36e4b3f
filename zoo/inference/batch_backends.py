"""Processes the chunks of a batch in this process or on a Dask cluster.

Dask rather than Ray: it is pure Python (about 30 MB with its dependencies; Ray's wheel unpacks to 200),
runs on Linux, macOS and Windows alike, and has no requirements that the pins on NumPy and protobuf
forbid. Its nannies restart killed workers, and its scheduler reassigns their chunks.
Ray's actors and shared object store are not needed for files on a disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.inference.batch import BatchError, BatchRequest, Chunk, work

TRIES = 3  # workers that may die on one chunk before it is abandoned


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster.

    Parameters
    ----------
    workers : int
        Processes to start on this machine if there is no address.
    address : str or None
        Address of a running scheduler, ``tcp://host:8786``. Its workers need this program, and the
        same paths to inputs, models and output.
    """

    workers: int
    address: str | None = None


def local(chunks: Sequence[Chunk], request: BatchRequest) -> Iterator[str]:
    """Process the chunks in order; yields the name of each part once it is written."""
    for chunk in chunks:
        yield work(chunk, request)


def dask(chunks: Sequence[Chunk], request: BatchRequest, cluster: Cluster) -> Iterator[str]:
    """Process the chunks on a cluster; yields the name of each part once it is written.

    Raises
    ------
    BatchError
        Dask is not installed, there is no scheduler at the address, or a chunk killed one worker after
        another. All other chunks are then done.
    """
    try:
        from distributed import as_completed
    except ModuleNotFoundError as error:
        raise missing(error.name) from None
    given_up = []
    with ExitStack() as stack:
        client = _client(stack, cluster)
        futures = {client.submit(work, chunk, request, key=chunk.part, pure=False): chunk for chunk in chunks}
        for future in as_completed(futures):
            if future.status == "finished":
                yield future.result()
            else:
                given_up.append(f"{futures[future].part} ({future.exception()})")
            future.release()
    if given_up:
        raise BatchError(f"Given up: {'; '.join(given_up)}. Run this again to try only these.")


def _client(stack: ExitStack, cluster: Cluster) -> Any:
    import dask
    from distributed import Client, LocalCluster, Nanny

    dask.config.set({"distributed.scheduler.allowed-failures": TRIES})
    if cluster.address:
        try:
            return stack.enter_context(Client(cluster.address, timeout="5s"))
        except (OSError, ValueError) as error:
            raise BatchError(f"No Dask scheduler answers at {cluster.address} ({error}).") from None
    # Threads within a model do not help if every core has a worker.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    started = LocalCluster(
        n_workers=cluster.workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        worker_class=Nanny,
        env=threads | {"PYTHONPATH": os.pathsep.join(filter(None, (_home(), os.environ.get("PYTHONPATH"))))},
    )
    return stack.enter_context(Client(stack.enter_context(started)))


def _home() -> str:
    """Folder of this program, for workers that start in another one."""
    return str(Path(__file__).resolve().parents[2])


def missing(name: str | None, file: str = "requirements-batch.txt") -> BatchError:
    """The error that a package is not installed."""
    return BatchError(f"{name} is not installed; run: pip install -r {file}")


ModelService = Callable[[Sequence[Chunk], BatchRequest], Iterator[str]]
