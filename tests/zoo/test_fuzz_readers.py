"""A short seeded run of the fuzzer of readers; the long one is ``python -m tests.fuzz.readers --count 20000``."""

import pytest

from tests.fuzz import readers

EACH = 60


@pytest.fixture(scope="module")
def every():
    with readers.readers() as made:
        yield {reader.name: reader for reader in made}


@pytest.mark.parametrize("name", ["FER2013", "FER+", "card", "weights", "model", "project", "class folders"])
def test_damaged_files_are_read_or_refused_with_the_readers_own_error(every, name):
    reader = every[name]
    for seed in reader.seeds:
        reader.read(seed)  # whole, it is read
    outcome = readers.run(reader, range(EACH))
    assert outcome.foreign == [] and outcome.long == []
    assert outcome.refused > EACH / 2


def test_the_same_number_gives_the_same_damage():
    assert readers.damaged(b"a whole file" * 9, 7) == readers.damaged(b"a whole file" * 9, 7)
    assert len({readers.damaged(b"a whole file" * 9, number) for number in range(50)}) > 45


def test_a_foreign_exception_is_found():
    def broken(data: bytes) -> None:
        raise IndexError("bytes")

    outcome = readers.run(readers.Reader("broken", broken, (b"x" * 50,), ValueError), range(3))
    assert outcome.bad and len(outcome.foreign) == 3 and "broken 0: IndexError" in outcome.foreign[0]
