import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.letters.rules.frozen import ALGORITHM, Block, BlockKind, canonical, digest_of, is_intact, read, seal_of, write

LETTER = [
    Block(BlockKind.TITLE, "2011年度安全生产目标管理责任书"),
    Block(BlockKind.HEAD, rows=(("编号", "望安责〔2011〕3号"), ("下达单位", "望城县人民政府"))),
    Block(BlockKind.PARAGRAPH, "为落实责任,签订本责任书。"),
    Block(BlockKind.HEADING, "一、控制指标"),
    Block(BlockKind.TABLE, rows=(("序号", "指标"), ("1", "死亡人数"))),
    Block(BlockKind.PARAGRAPH, "以上指标按年考核。"),
]
PARTS = {
    "text_digest": "ab",
    "side": "upper",
    "person_id": "p",
    "name": "王伟",
    "post": "县长",
    "signed_at": "2011-02-20T02:00:00+00:00",
}


class TestCanonical:
    def test_line_ends_blanks_and_composition_do_not_matter(self) -> None:
        assert canonical("甲 \r\n\r\n\r乙e\u0301\n\n") == "甲\n乙é\n"

    @given(st.text())
    def test_is_settled_after_once(self, text: str) -> None:
        assert canonical(canonical(text)) == canonical(text)


class TestDigest:
    def test_is_what_sha256sum_prints(self) -> None:
        # printf '责任书\n' | sha256sum
        assert digest_of("责任书\n") == "1f66c933fb61813c46090dc25967326840797e52b9f1dd134f746d82efb53c0d"

    def test_one_changed_character_is_seen(self) -> None:
        text = write(LETTER)
        digest = digest_of(text)

        assert is_intact(text, digest=digest, algorithm=ALGORITHM)
        assert not is_intact(text.replace("3号", "4号"), digest=digest, algorithm=ALGORITHM)

    def test_an_unknown_algorithm_vouches_for_nothing(self) -> None:
        text = write(LETTER)

        assert not is_intact(text, digest=digest_of(text), algorithm="md5")


class TestSeal:
    @pytest.mark.parametrize("part", sorted(PARTS))
    def test_changes_with_every_part(self, part: str) -> None:
        assert seal_of(**PARTS) != seal_of(**{**PARTS, part: PARTS[part] + "x"})

    def test_sees_a_character_moving_to_its_neighbour(self) -> None:
        assert seal_of(**{**PARTS, "name": "王", "post": "伟县长"}) != seal_of(**{**PARTS, "name": "王伟", "post": "县长"})


class TestReadAndWrite:
    def test_a_letter_comes_back_as_it_went_in(self) -> None:
        assert list(read(write(LETTER))) == LETTER

    def test_a_cell_cannot_forge_a_row(self) -> None:
        forged = Block(BlockKind.TABLE, rows=(("序号", "指标"), ("1", "死亡\n| 2 | 受伤")))

        (table,) = read(write([forged]))

        assert table.rows == (("序号", "指标"), ("1", "死亡 2 受伤"))

    @pytest.mark.parametrize("text", ["# 标题", "## 条", ": 编号|1", "| 1 | 2"])
    def test_a_paragraph_cannot_pass_for_another_block(self, text: str) -> None:
        (block,) = read(write([Block(BlockKind.PARAGRAPH, text)]))

        assert block.kind is BlockKind.PARAGRAPH
