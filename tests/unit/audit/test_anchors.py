"""The anchor file: what was written is read back; whatever is done to it afterwards is seen."""

import json
import random
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from duban.audit.anchors import Anchor, AnchorFile, AnchorFileError, AnchorKind

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)


def anchor(seq: int, tenant: UUID = ONE, kind: AnchorKind = AnchorKind.HEAD, reason: str = "") -> Anchor:
    return Anchor(at=AT, tenant_id=tenant, seq=seq, hash=f"sha256:{seq:064x}", kind=kind, reason=reason)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "anchors.jsonl"


@pytest.fixture
def written(path: Path) -> Path:
    file = AnchorFile(path)
    for seq in range(1, 11):
        file.append(anchor(seq))
        file.append(anchor(seq * 7, TWO))
    return path


def test_gives_back_what_was_written(written: Path) -> None:
    assert AnchorFile(written).of(ONE) == [anchor(seq) for seq in range(1, 11)]
    assert AnchorFile(written).of(TWO) == [anchor(seq * 7, TWO) for seq in range(1, 11)]
    assert AnchorFile(written).tenants() == [ONE, TWO]


def test_a_file_not_yet_there_holds_nothing(path: Path) -> None:
    assert AnchorFile(path).of(ONE) == []


def test_reads_on_where_it_stopped(written: Path) -> None:
    reader = AnchorFile(written)
    assert len(reader.of(ONE)) == 10
    AnchorFile(written).append(anchor(11))
    assert reader.of(ONE)[-1] == anchor(11)


def test_what_was_given_up_no_longer_binds(written: Path) -> None:
    file = AnchorFile(written)
    file.append(anchor(4, kind=AnchorKind.RESET, reason="恢复备份"))
    file.append(anchor(6))
    assert [one.seq for one in file.of(ONE)] == [1, 2, 3, 4, 4, 6]


def test_many_writers_make_one_chain(path: Path) -> None:
    def write(tenant: UUID) -> None:
        for seq in range(25):
            AnchorFile(path).append(anchor(seq, tenant))

    threads = [threading.Thread(target=write, args=(UUID(int=n),)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = AnchorFile(path)
    assert [len(file.of(UUID(int=n))) for n in range(1, 9)] == [25] * 8


def test_a_line_cut_off_by_a_crash_is_passed_over(written: Path) -> None:
    with written.open("ab") as file:
        file.write(b'{"at": "2026-03-01T08:00:00+00:00", "tena')
    AnchorFile(written).append(anchor(11))
    assert [one.seq for one in AnchorFile(written).of(ONE)] == list(range(1, 12))


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


class TestTampering:
    @pytest.mark.parametrize("at", range(19))  # the last line is only bound by the log and by the next line
    def test_removing_a_line(self, written: Path, at: int) -> None:
        lines = _lines(written)
        written.write_bytes(b"".join(lines[:at] + lines[at + 1 :]))
        with pytest.raises(AnchorFileError, match="does not follow"):
            AnchorFile(written).of(ONE)

    def test_changing_a_line_and_its_own_digest(self, written: Path) -> None:
        lines = _lines(written)
        other = written.with_name("other.jsonl")
        AnchorFile(other).append(anchor(999))
        lines[4] = _lines(other)[0]
        written.write_bytes(b"".join(lines))
        with pytest.raises(AnchorFileError, match="line 5"):
            AnchorFile(written).of(ONE)

    def test_swapping_and_repeating(self, written: Path) -> None:
        lines = _lines(written)
        for changed in ([*lines[:3], lines[4], lines[3], *lines[5:]], [*lines[:3], lines[2], *lines[3:]]):
            written.write_bytes(b"".join(changed))
            with pytest.raises(AnchorFileError):
                AnchorFile(written).of(ONE)

    def test_every_flipped_byte_before_the_last_line(self, written: Path) -> None:
        whole = written.read_bytes()
        end = whole.rstrip(b"\n").rindex(b"\n")
        chance, seen = random.Random(5), 0
        for place in chance.sample(range(end), 600):
            written.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :])
            try:
                found = [AnchorFile(written).of(tenant) for tenant in (ONE, TWO)]
            except AnchorFileError:
                seen += 1
                continue
            # the only flips that pass are those of white space or of JSON's own freedom: they change no anchor
            assert found == [[anchor(seq) for seq in range(1, 11)], [anchor(seq * 7, TWO) for seq in range(1, 11)]], place
        print(f"600 flipped bytes: {seen} refused, {600 - seen} without meaning")
        assert seen > 590

    def test_shrinking_under_a_reader(self, written: Path) -> None:
        reader = AnchorFile(written)
        reader.of(ONE)
        lines = _lines(written)
        written.write_bytes(b"".join(lines[:-2]))
        for _ in range(2):  # and it is said again, however the file goes on
            with pytest.raises(AnchorFileError, match="shorter"):
                reader.of(ONE)
            AnchorFile(written).append(anchor(50))
            AnchorFile(written).append(anchor(51))
            AnchorFile(written).append(anchor(52))

    def test_a_line_says_what_it_is(self, written: Path) -> None:
        body = json.loads(_lines(written)[0])
        assert (body["seq"], body["kind"], body["previous"]) == (1, "head", "0" * 64)
