from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.programmes import rules
from duban.programmes.errors import AlreadyDerivedError, LockedError, NothingToIssueError, TransitionRefusedError
from duban.programmes.forms import document_form, original_text, programme_form, stage_form, task_form
from duban.programmes.rules import NumberParts
from duban.programmes.states import LABELS, NEXT_STATES, SIGNS, State

OPINION = (
    "为深入贯彻落实区政府办《关于继续深化“安全生产年”活动的实施意见》(府办发[2011]68号)精神,以落实《通知》(国发[]23号)"
    "和《实施意见》(府发电[]59号)精神为主线,参照(府办发〔2011〕68号)执行。"
)


def test_every_state_has_successors_a_label_and_a_sign() -> None:
    assert NEXT_STATES.keys() == LABELS.keys() == SIGNS.keys() == set(State)


class TestNumbers:
    @pytest.mark.parametrize(
        "spelling",
        ["府办发[2011]68号", "府办发〔2011〕68号", "府办发（２０１１）６８号", "府办发【2011】68 号", " 府办发 [2011] 68号 "],
    )
    def test_spellings_of_one_number_are_one(self, spelling: str) -> None:
        assert rules.number_key(spelling) == "府办发〔2011〕68号"
        assert rules.parts_of(spelling) == NumberParts("府办发", 2011, 68)

    @pytest.mark.parametrize("gap", ["国发[]23号", "府发电[]59号", "", "关于做好工作的通知", "国发2010年23号"])
    def test_a_number_with_a_gap_is_kept_but_not_taken_apart(self, gap: str) -> None:
        assert rules.parts_of(gap) is None

    def test_finds_what_a_document_of_the_source_names_each_once(self) -> None:
        assert rules.references_in(OPINION) == ["府办发〔2011〕68号", "国发〔〕23号", "府发电〔〕59号"]

    @given(st.text(alphabet="府办发国[]〔〕()12号 字第年\n，", max_size=60))
    def test_cutting_into_passages_never_changes_the_text(self, text: str) -> None:
        assert "".join(passage.text for passage in rules.passages(text)) == text

    def test_a_long_text_without_numbers_is_quick(self) -> None:
        assert len(rules.passages("安全生产" * 5_000)) == 1


class TestStates:
    @pytest.mark.parametrize("current", list(State))
    @pytest.mark.parametrize("wanted", list(State))
    def test_only_the_table_allows(self, current: State, wanted: State) -> None:
        if wanted in NEXT_STATES[current]:
            rules.check_transition(current=current, wanted=wanted)
        else:
            with pytest.raises(TransitionRefusedError):
                rules.check_transition(current=current, wanted=wanted)

    def test_only_a_draft_is_edited(self) -> None:
        rules.check_editable(State.DRAFT)
        for state in (State.ISSUED, State.CLOSED):
            with pytest.raises(LockedError):
                rules.check_editable(state)

    def test_a_draft_without_tasks_is_not_issued(self) -> None:
        rules.check_issue(current=State.DRAFT, tasks=1)
        with pytest.raises(NothingToIssueError):
            rules.check_issue(current=State.DRAFT, tasks=0)
        with pytest.raises(TransitionRefusedError):
            rules.check_issue(current=State.CLOSED, tasks=1)

    def test_what_subordinates_build_on_is_not_recalled(self) -> None:
        rules.check_recall(current=State.ISSUED, derived=0)
        with pytest.raises(AlreadyDerivedError, match="已有 2 个"):
            rules.check_recall(current=State.ISSUED, derived=2)
        with pytest.raises(RuleBrokenError):
            rules.check_recall(current=State.DRAFT, derived=0)


@pytest.mark.parametrize(
    ("used", "number"), [([], "1"), (["1", "2"], "3"), (["12", "3"], "13"), (["一", "2.1"], "1"), (["9" * 30], "1")]
)
def test_next_number_follows_the_highest_plain_one(used: list[str], number: str) -> None:
    assert rules.next_number(used) == number


def test_tags_are_read_as_people_separate_them() -> None:
    assert rules.tags_from(" 三项行动、三项建设,三项行动；隐患 \n") == ["三项行动", "三项建设", "隐患"]


class TestForms:
    def test_a_document_form_gives_values(self) -> None:
        form = document_form(
            {"title": "实施意见", "issuer": "街道办", "issued_on": "2011年5月6日", "csrf_token": "x", "parent_id": ""}
        )
        assert (form.title, str(form.issued_on), form.parent_id, form.number) == ("实施意见", "2011-05-06", None, "")

    @pytest.mark.parametrize(
        ("read", "raw", "field"),
        [
            (document_form, {"title": "", "issuer": "街道办"}, "title"), (document_form, {"title": "a", "issuer": ""}, "issuer"), (document_form, {"title": "a", "issuer": "b", "issued_on": "2011-02-30"}, "issued_on"), (document_form, {"title": "a", "issuer": "b", "parent_id": "x"}, "parent_id"), (document_form, {"title": "a\x00", "issuer": "b"}, "title"),
            (programme_form, {"title": "a", "year": "1900"}, "year"), (programme_form, {"title": "a", "year": "二〇一一"}, "year"), (programme_form, {"title": "a", "year": ""}, "year"),
            (stage_form, {"name": ""}, "name"), (stage_form, {"name": "a", "start_on": "2011-05-02", "end_on": "2011-05-01"}, "end_on"),
        ],
    )  # fmt: skip
    def test_names_the_field_that_is_wrong(self, read, raw: dict, field: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            read(raw)
        assert set(refusal.value.fields) == {field}

    def test_a_task_reads_tags_and_units_each_once(self) -> None:
        unit = "018f0000-0000-7000-8000-000000000000"
        form = task_form({"title": "a", "tags": "x、y、x"}, unit_ids=[unit, unit])
        assert (list(form.tags), len(form.unit_ids)) == (["x", "y"], 1)
        with pytest.raises(InvalidInputError):
            task_form({"title": "a", "tags": "、".join(str(n) for n in range(20))}, unit_ids=[])
        with pytest.raises(InvalidInputError):
            task_form({"title": "a"}, unit_ids=["x"])

    def test_the_original_text_is_not_touched(self) -> None:
        assert original_text("  一、总体要求。,\r\n 二、  ") == "  一、总体要求。,\n 二、  "
        assert original_text(None) == ""
        with pytest.raises(InvalidInputError):
            original_text("a\x00")


def test_no_module_of_pure_rules_reads_the_clock() -> None:
    source = Path(rules.__file__).read_text()
    assert "datetime" not in source
