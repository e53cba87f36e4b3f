"""Who does the chunks of a batch: this process, or the workers of a Dask cluster.

Dask and not Ray: it is pure Python (some 30 MB with all it brings, where Ray's wheel unpacks to 200),
runs alike on Linux, macOS and Windows, and asks for nothing that the pins on NumPy and protobuf
forbid; its nannies start killed workers again and its scheduler gives their chunks to others. What
Ray has beyond that, actors and a shared object store, files on a disk do not need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.inference.batch import BatchError, BatchRequest, Chunk, work

TRIES = 3  # workers that may die over one chunk before it is given up


@dataclass(frozen=True)
class Cluster:
    """Where Dask's workers are.

    Parameters
    ----------
    workers : int
        Processes started on this machine, where no address is given.
    address : str or None
        Of a scheduler that runs already, ``tcp://host:8786``. Its workers need this program, and the
        same paths to inputs, models and output.
    """

    workers: int
    address: str | None = None


def local(chunks: Sequence[Chunk], request: BatchRequest) -> Iterator[str]:
    """Do the chunks one after the other; yields the part of each when it is there."""
    for chunk in chunks:
        yield work(chunk, request)


def dask(chunks: Sequence[Chunk], request: BatchRequest, cluster: Cluster) -> Iterator[str]:
    """Let a cluster do the chunks; yields the part of each when it is there.

    Raises
    ------
    BatchError
        Dask is not installed, nobody answers at the address, or a chunk killed one worker after
        the other. All other chunks are done then.
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
    # Threads within a model are of no use where every core has a worker.
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
    """Where this program lies, for workers that start elsewhere."""
    return str(Path(__file__).resolve().parents[2])


def missing(name: str | None, file: str = "requirements-batch.txt") -> BatchError:
    """What to install."""
    return BatchError(f"{name} is not installed; run: pip install -r {file}")


ModelService = Callable[[Sequence[Chunk], BatchRequest], Iterator[str]]
