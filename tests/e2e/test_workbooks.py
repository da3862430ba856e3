"""Excel in the browser: download, fill in, upload, mistakes marked, mended, handed in."""

import io

from openpyxl import load_workbook

from tests.integration.reporting.requirements import issued

FIELDS = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次", "minimum": 0},
]


def filled(path, sheet, **values):
    book = load_workbook(path)
    places = {cell.value: cell.column for cell in book[sheet][4]}
    for key, value in values.items():
        book[sheet].cell(5, places[key]).value = value
    out = io.BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "填好.xlsx", "mimeType": kind, "buffer": out.getvalue()}


def downloaded(page, button):
    with page.expect_download() as found:
        page.click(button)
    return io.BytesIO(found.value.path().read_bytes())


def test_a_workbook_goes_out_and_comes_back(world, sign_in):
    issued(world, "tom", "T1", title="检查情况月报", fields=FIELDS, due={"kind": "fixed", "on": "2026-03-13"})
    clerk = sign_in("vera")
    page = clerk.page
    page.click(".duty .btn-primary")
    page.click("text=用 Excel 填报")
    page.wait_for_selector("text=下载填报表")
    clerk.check("workbook-1")
    template = downloaded(page, "text=下载 Excel")

    page.set_input_files("input[type=file]", filled(template, "填报表", done="两次", checks="六次"))
    page.click("button:has-text('上传核对')")
    page.wait_for_selector("text=请填写数字")
    assert "提交合格的" not in page.content()
    clerk.check("workbook-2-mistakes")
    marked = downloaded(page, "text=下载标出错误的表")
    assert load_workbook(io.BytesIO(marked.getvalue()))["填报表"].cell(5, 6).comment.text.startswith("请填写数字")

    page.click("text=换一个文件")
    page.set_input_files("input[type=file]", filled(marked, "填报表", checks="６"))
    page.click("button:has-text('上传核对')")
    page.click("text=提交合格的 1 行")
    page.wait_for_selector("text=已全部办好")
    clerk.check("workbook-3-done")
    clerk.go("/duties/done")
    assert "检查情况月报" in page.content()
