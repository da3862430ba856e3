"""Goal D5: the download name equals the original or its documented clean form; the stored name owes it nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from duban.files.names import LONGEST_BYTES, clean_name, disposition, extension_of, stored_name


@pytest.mark.parametrize(
    "name",
    [
        "整改报告.pdf",
        "城北街道2011年“安全生产年”实施方案(定稿)【终】.docx",
        "a b-c_d.e.txt",
        "府办发〔2011〕68号.doc",
        "报告 最终版.xlsx",
        "😀.png",
        "ünïcode.csv",
        "日本語.pdf",
        "١٢٣.txt",
    ],
)
def test_a_harmless_name_is_kept_as_it_is(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("C:\\Users\\wang\\桌面\\报告.pdf", "报告.pdf"), ("/etc/passwd", "passwd"), ("../../报告.pdf", "报告.pdf"), ("..\\..\\x.txt", "x.txt"), ("..", "未命名"), (".", "未命名"), ("", "未命名"), ("...", "未命名"),
        (".pdf", "未命名.pdf"), ("   .pdf", "未命名.pdf"), ("报告.pdf ", "报告.pdf"), ("报告.pdf.", "报告.pdf"), ("报\x00告.pdf", "报告.pdf"), ("报告\r\nSet-Cookie: a=b.pdf", "报告Set-Cookie_ a=b.pdf"),
        ("报告\u202efdp.exe", "报告fdp.exe"), ("\ufeff报告.pdf", "报告.pdf"), ("报\u200b告.pdf", "报告.pdf"), ('a"b<c>d|e?f*g:h.txt', "a_b_c_d_e_f_g_h.txt"), ("con.txt", "_con.txt"), ("COM1.pdf", "_COM1.pdf"), ("aux", "_aux"),
        ("e\u0301.txt", "é.txt"), ("\ud800.txt", "未命名.txt"), ("a/b/", "未命名"),
    ],
)  # fmt: skip
def test_a_harmful_name_becomes_its_documented_form(raw: str, name: str) -> None:
    assert clean_name(raw) == name


def test_a_long_name_is_shortened_in_the_stem_and_keeps_its_extension() -> None:
    name = clean_name("督" * 255 + ".docx")
    assert name.endswith("督.docx")
    assert len(name.encode()) <= LONGEST_BYTES


@given(st.text(max_size=300))
def test_any_name_cleans_to_something_safe_and_stays_so(raw: str) -> None:
    name = clean_name(raw)
    assert 0 < len(name.encode()) <= LONGEST_BYTES
    assert clean_name(name) == name
    assert not re.search(r"[\x00-\x1f/\\\u202a-\u202e]", name)
    assert name not in {".", ".."}


@pytest.mark.parametrize(("name", "extension"), [("a.PDF", "pdf"), ("a.b.Docx", "docx"), ("a", ""), ("报告.", "")])
def test_extension_is_the_last_part_in_lower_case(name: str, extension: str) -> None:
    assert extension_of(name) == extension


def test_stored_names_are_random_and_hold_nothing_else() -> None:
    names = {stored_name() for _ in range(200)}
    assert len(names) == 200
    assert all(re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}", name) for name in names)


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("report.pdf", "report.pdf"),
        ("整改报告.pdf", "download.pdf"),
        ("2011年报告.docx", "2011.docx"),
        ("附件", "download"),
        ('a"b.txt', "a_b.txt"),
        ("a;b,c.txt", "a_b_c.txt"),
        ("100%.txt", "100.txt"),
        (".txt", "download.txt"),
    ],
)
def test_disposition_has_an_ascii_fallback_and_the_full_name(name: str, fallback: str) -> None:
    header = disposition(name)
    assert header.startswith(f'attachment; filename="{fallback}"; ')
    assert header.isascii()
    assert saved_as(header) == name


@given(st.text(max_size=80))
def test_disposition_of_any_cleaned_name_is_one_line_and_reads_back(raw: str) -> None:
    header = disposition(clean_name(raw), inline=True)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith("inline; ")
    assert saved_as(header) == clean_name(raw)


def saved_as(header: str) -> str:
    _, options = parse_options_header(header)
    return options["filename"]
