"""Goal D4: a corpus of at least 60 hostile files, each with exactly the verdict expected, and within bounded memory."""

import io
import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.files.errors import TEXTS, FileRefusedError, Reason
from duban.files.inspection import inspect
from tests.attack.files.corpus import BAD, EICAR, GOOD, Case, every_prefix_kind, pdf, xlsx

LIMIT = 20 * 1024 * 1024


def verdict(name: str, content: bytes) -> Reason | None:
    try:
        inspect(io.BytesIO(content), name=name, limit_bytes=LIMIT)
    except FileRefusedError as refusal:
        return refusal.reason
    return None


def test_the_corpus_is_large_enough_and_meets_every_reason_content_can_cause() -> None:
    assert len(BAD) >= 60
    assert {case.reason for case in BAD} | {Reason.TOO_LARGE} == set(Reason) == TEXTS.keys()


@pytest.mark.parametrize("case", BAD, ids=lambda case: f"{case.reason}-{case.name}")
def test_is_refused_for_its_reason(case: Case) -> None:
    assert verdict(case.name, case.content) == case.reason


@pytest.mark.parametrize(("name", "content"), GOOD, ids=[name for name, _ in GOOD])
def test_the_same_checks_take_sound_files(name: str, content: bytes) -> None:
    assert verdict(name, content) is None


def test_a_bomb_costs_little_memory() -> None:
    bomb = next(case for case in BAD if case.name == "炸弹.xlsx").content
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert verdict("炸弹.xlsx", bomb) is Reason.BOMB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


@pytest.mark.parametrize("at", [0, 1, 262_100, 262_144 - 68, 262_144 - 30, 262_144, 524_280])
def test_the_test_virus_is_found_wherever_it_lies(at: int) -> None:
    assert verdict("a.txt", b"a" * at + EICAR + b"b" * 100) is Reason.MALWARE


def test_what_is_above_the_limit_is_refused_without_reading_on() -> None:
    class Endless(io.BytesIO):
        read_bytes = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.read_bytes += size or 0
            return b"a" * (size or 0)

    stream = Endless()
    with pytest.raises(FileRefusedError) as refusal:
        inspect(stream, name="a.txt", limit_bytes=LIMIT)
    assert refusal.value.reason is Reason.TOO_LARGE
    assert stream.read_bytes < LIMIT + 1024 * 1024
    assert "20 MB" in str(refusal.value)


@pytest.mark.parametrize(("name", "make"), every_prefix_kind(), ids=[name for name, _ in every_prefix_kind()])
def test_a_file_cut_anywhere_before_its_last_bytes_is_never_an_error_of_ours(name: str, make: object) -> None:
    content = make()  # type: ignore[operator]
    step = max(1, len(content) // 97)
    results = {verdict(name, content[:length]) for length in range(0, len(content) - 30, step)}
    assert None not in results or name == "a.doc"


@given(content=st.binary(max_size=300), name=st.sampled_from([name for name, _ in every_prefix_kind()]), place=st.floats(0, 1))
def test_bytes_planted_anywhere_never_raise_anything_but_a_refusal(content: bytes, name: str, place: float) -> None:
    sound = dict(every_prefix_kind())[name]()
    at = int(place * len(sound))
    verdict(name, sound[:at] + content + sound[at + len(content) :])
    verdict(name, content)


def test_the_stream_stands_at_its_beginning_afterwards_and_the_digest_is_of_the_whole() -> None:
    stream = io.BytesIO(pdf())
    result = inspect(stream, name="a.pdf", limit_bytes=LIMIT)
    assert stream.read() == pdf()
    assert result.digest.startswith("sha256:")
    assert (result.size_bytes, result.kind.media_type) == (len(pdf()), "application/pdf")
    assert inspect(io.BytesIO(xlsx()), name="a.xlsx", limit_bytes=LIMIT).digest != result.digest
