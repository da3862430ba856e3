"""Sound and hostile files, built in memory. Every hostile one names the verdict that is expected of it."""

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

import docx

from duban.files.errors import Reason

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MEGABYTE = 1024 * 1024


class Case(NamedTuple):
    name: str
    content: bytes
    reason: Reason


def pdf(body: bytes = b"") -> bytes:
    return (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\n"
        + body
        + b"\ntrailer<</Root 1 0 R>>\nstartxref\n15\n%%EOF\n"
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def png(width: int = 2, height: int = 2, *, text: bytes = b"", end: bool = True) -> bytes:
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" + b"\x00\x00\x00" * 2)
    note = _chunk(b"tEXt", text) if text else b""
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + note + _chunk(b"IDAT", body) + (_chunk(b"IEND", b"") if end else b"")


def jpeg(width: int = 4, height: int = 4, *, comment: bytes = b"", end: bool = True) -> bytes:
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    note = b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment if comment else b""
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34" * 20
    return b"\xff\xd8" + app0 + note + frame + scan + (b"\xff\xd9" if end else b"")


def packed(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def xlsx(more: dict[str, bytes] | None = None) -> bytes:
    return packed(
        {"[Content_Types].xml": TYPES, "xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"<worksheet/>"}
        | (more or {})
    )


@functools.cache  # a Word file carries the time it was made: two of them differ
def word(paragraph: str = "整改报告") -> bytes:
    out = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(paragraph)
    document.save(out)
    return out.getvalue()


def ole(*streams: str) -> bytes:
    entries = b"".join(name.encode("utf-16-le").ljust(64, b"\x00") + b"\x00" * 64 for name in ("Root Entry", *streams))
    return OLE + b"\x00" * 504 + entries


def _declared(content: bytes, member: str, **fields: int) -> bytes:
    """Rewrite one member's fields in the central directory: what a crafted archive claims."""
    offsets = {
        "flags": (8, "<H"),
        "method": (10, "<H"),
        "packed": (20, "<L"),
        "size": (24, "<L"),
        "attributes": (38, "<L"),
        "at": (42, "<L"),
    }
    changed = bytearray(content)
    at = changed.rfind(member.encode()) - 46
    for field, value in fields.items():
        offset, form = offsets[field]
        struct.pack_into(form, changed, at + offset, value)
    return bytes(changed)


def _with_end(content: bytes, **fields: int) -> bytes:
    offsets = {"here": (8, "<H"), "members": (10, "<H"), "directory": (12, "<L"), "offset": (16, "<L")}
    changed = bytearray(content)
    for field, value in fields.items():
        offset, form = offsets[field]
        struct.pack_into(form, changed, len(changed) - 22 + offset, value)
    return bytes(changed)


def _duplicate_member() -> bytes:
    content = bytearray(xlsx({"xl/a.xml": b"<a/>", "xl/b.xml": b"<a/>"}))
    for _ in range(2):
        at = content.rfind(b"xl/b.xml") if b"xl/b.xml" in content else -1
        if at >= 0:
            content[at : at + 8] = b"xl/a.xml"
    return bytes(content)


def _overlapping() -> bytes:
    content = xlsx({"xl/a.xml": b"x" * 3000, "xl/b.xml": b"y" * 3000})
    return _declared(content, "xl/b.xml", at=zipfile.ZipFile(io.BytesIO(content)).getinfo("xl/a.xml").header_offset + 1)


def _nested_in(content: bytes) -> bytes:
    return content + packed({"payload.class": b"\xca\xfe\xba\xbe"})


GOOD: list[tuple[str, bytes]] = [
    ("报告.pdf", pdf()),
    ("现场照片.jpg", jpeg()),
    ("现场照片.JPEG", jpeg(comment=b"made by a phone")),
    ("截图.png", png()),
    ("方案.docx", word()),
    ("统计表.xlsx", xlsx()),
    ("统计表大.xlsx", xlsx({"xl/worksheets/sheet2.xml": b"<row><c>12</c></row>" * 20_000})),
    ("汇报.pptx", packed({"[Content_Types].xml": TYPES, "ppt/presentation.xml": b"<p/>"})),
    ("红头文件.ofd", packed({"OFD.xml": b"<ofd:OFD/>", "Doc_0/Document.xml": b"<d/>"})),
    ("旧文档.doc", ole("WordDocument", "1Table")),
    ("旧表格.xls", ole("Workbook")),
    ("更旧的表格.xls", ole("Book")),
    ("旧演示.ppt", ole("PowerPoint Document")),
    ("文字.wps", ole("WordDocument")),
    ("表格.et", ole("Workbook")),
    ("说明.txt", "一切正常。\r\n\tOK".encode()),
    ("说明.gbk.txt", "城北街道安全生产".encode("gb18030")),
    ("名单.csv", "单位,人数\r\n城北社区,12\r\n".encode("utf-8-sig")),
    ("名单16.csv", "单位\t人数".encode("utf-16")),
]

_PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
_SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
_EXE = b"MZ\x90\x00\x03" + b"\x00" * 200 + b"PE\x00\x00"

BAD: list[Case] = [
    # kinds that are never taken, whatever is in them
    *(Case(f"附件.{extension}", b"anything", Reason.KIND)
      for extension in ("exe", "html", "htm", "svg", "xml", "js", "zip", "rar", "7z", "docm", "xlsm", "xlsb", "dotm", "jar", "lnk", "hta", "bat", "php", "py", "gif", "webp", "iso", "msi", "vbs")),
    Case("无扩展名", pdf(), Reason.KIND),
    Case("报告.pdf.exe", _EXE, Reason.KIND),
    Case("报告.pdf ", b"", Reason.KIND),
    # empty and cut off
    Case("空.pdf", b"", Reason.EMPTY),
    Case("空.txt", b"", Reason.EMPTY),
    Case("没传完.pdf", pdf()[:-12] + b"x" * 3000, Reason.DAMAGED),
    Case("没传完.png", png(end=False), Reason.DAMAGED),
    Case("没传完.jpg", jpeg(end=False), Reason.DAMAGED),
    Case("没传完.docx", word()[:-300], Reason.DAMAGED),
    Case("没传完.xlsx", xlsx()[: len(xlsx()) // 2], Reason.DAMAGED),
    # one thing called another
    Case("照片.jpg", _PAGE, Reason.MISMATCH),
    Case("照片.jpg", _SVG, Reason.MISMATCH),
    Case("照片.png", jpeg(), Reason.MISMATCH),
    Case("照片.jpg", png(), Reason.MISMATCH),
    Case("照片.png", b"GIF89a" + b"\x00" * 40, Reason.MISMATCH),
    Case("报告.pdf", _PAGE, Reason.MISMATCH),
    Case("报告.pdf", _EXE, Reason.MISMATCH),
    Case("报告.pdf", b"\n\n" + pdf(), Reason.MISMATCH),
    Case("报告.docx", pdf(), Reason.MISMATCH),
    Case("报告.docx", xlsx(), Reason.MISMATCH),
    Case("统计.xlsx", word(), Reason.MISMATCH),
    Case("统计.xlsx", packed({"a.txt": b"hello"}), Reason.MISMATCH),
    Case("报告.docx", b"7z\xbc\xaf\x27\x1c" + b"\x00" * 40, Reason.MISMATCH),
    Case("报告.doc", b"{\\rtf1 hello}", Reason.MISMATCH),
    Case("报告.doc", _PAGE, Reason.MISMATCH),
    Case("报告.doc", ole("Workbook"), Reason.MISMATCH),
    Case("统计.xls", ole("WordDocument"), Reason.MISMATCH),
    Case("说明.txt", _PAGE, Reason.MISMATCH),
    Case("说明.txt", b"\xef\xbb\xbf  " + _SVG, Reason.MISMATCH),
    Case("说明.txt", "说明 <script>alert(1)</script>".encode("gb18030"), Reason.MISMATCH),
    Case("说明.txt", _PAGE.decode().encode("utf-16"), Reason.MISMATCH),
    Case("说明.txt", _EXE, Reason.MISMATCH),
    Case("说明.txt", pdf(), Reason.MISMATCH),
    Case("说明.txt", b"\x7fELF\x02\x01\x01" + b"\x00" * 30, Reason.MISMATCH),
    Case("名单.csv", b"a,b\x00c", Reason.MISMATCH),
    Case("名单.csv", b"\xff" * 40, Reason.MISMATCH),
    # two things at once
    Case("照片.jpg", _nested_in(jpeg()), Reason.POLYGLOT),
    Case("照片.png", _nested_in(png()), Reason.POLYGLOT),
    Case("报告.pdf", _nested_in(pdf()), Reason.POLYGLOT),
    Case("照片.jpg", jpeg(comment=b"<script>alert(1)</script>"), Reason.POLYGLOT),
    Case("照片.png", png(text=b"x\x00<svg onload=alert(1)>"), Reason.POLYGLOT),
    Case("照片.jpg", jpeg(comment=b"%PDF-1.4 hidden"), Reason.POLYGLOT),
    Case("报告.pdf", pdf(b"<html><body>"), Reason.POLYGLOT),
    Case("报告.docx", b"PK\x03\x04" + word(), Reason.POLYGLOT),
    Case("统计.xlsx", xlsx({"xl/evil.xml": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'}), Reason.POLYGLOT),
    Case("统计.xlsx", xlsx({"xl/evil.xml": '<!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode("utf-16")}), Reason.POLYGLOT),
    # bombs
    Case("炸弹.xlsx", xlsx({"xl/worksheets/sheet9.xml": b"0" * (300 * MEGABYTE // 4) * 4}), Reason.BOMB),
    Case("炸弹比.xlsx", xlsx({"xl/worksheets/sheet9.xml": b"0" * (20 * MEGABYTE)}), Reason.BOMB),
    Case("太多.xlsx", xlsx({f"xl/p{number}.xml": b"<a/>" for number in range(2_100)}), Reason.BOMB),
    Case("假目录.xlsx", _with_end(xlsx(), directory=2 * MEGABYTE), Reason.BOMB),
    Case("重叠.xlsx", _overlapping(), Reason.BOMB),
    Case("大图.png", png(60_000, 60_000), Reason.PIXELS),
    Case("大图.jpg", jpeg(65_000, 65_000), Reason.PIXELS),
    # archives that lie
    Case("说小.xlsx", _declared(xlsx({"xl/lie.xml": b"0123456789" * 50_000}), "xl/lie.xml", size=10), Reason.DAMAGED),
    Case("重名.xlsx", _duplicate_member(), Reason.DAMAGED),
    Case("爬出.xlsx", xlsx({"../../etc/cron.d/x": b"x"}), Reason.DAMAGED),
    Case("爬出.docx", packed({"[Content_Types].xml": TYPES, "word/document.xml": b"<a/>", "/etc/passwd": b"x"}), Reason.DAMAGED),
    Case("爬出.ofd", packed({"OFD.xml": b"<a/>", "a\\..\\..\\b": b"x"}), Reason.DAMAGED),
    Case("盘符.ofd", packed({"OFD.xml": b"<a/>", "C:/windows/x": b"x"}), Reason.DAMAGED),
    Case("链接.xlsx", _declared(xlsx({"xl/link.xml": b"/etc/passwd"}), "xl/link.xml", attributes=0o120777 << 16), Reason.DAMAGED),
    Case("怪算法.xlsx", packed({"[Content_Types].xml": TYPES, "xl/workbook.xml": b"<a/>"}, method=zipfile.ZIP_LZMA), Reason.DAMAGED),
    Case("少报.xlsx", _with_end(xlsx(), here=1), Reason.DAMAGED),
    # macros, passwords, virus
    Case("宏.xlsx", xlsx({"xl/vbaProject.bin": b"x"}), Reason.MACROS),
    Case("宏.docx", packed({"[Content_Types].xml": TYPES, "word/document.xml": b"<a/>", "word/VBAPROJECT.BIN": b"x"}), Reason.MACROS),
    Case("宏.doc", ole("WordDocument", "Macros", "_VBA_PROJECT"), Reason.MACROS),
    Case("宏.xls", ole("Workbook", "_VBA_PROJECT_CUR"), Reason.MACROS),
    Case("密码.docx", ole("EncryptedPackage", "EncryptionInfo"), Reason.ENCRYPTED),
    Case("密码.xls", ole("EncryptedPackage", "Workbook"), Reason.ENCRYPTED),
    Case("密码.xlsx", _declared(xlsx(), "xl/workbook.xml", flags=1), Reason.ENCRYPTED),
    Case("病毒.txt", EICAR, Reason.MALWARE),
    Case("病毒.pdf", pdf(EICAR), Reason.MALWARE),
    Case("病毒.jpg", jpeg() + EICAR, Reason.MALWARE),
    Case("病毒.docx", packed({"[Content_Types].xml": TYPES, "word/document.xml": b"<a/>", "word/media/a.bin": b"x" * 262_130 + EICAR}), Reason.MALWARE),
]  # fmt: skip


def every_prefix_kind() -> list[tuple[str, Callable[[], bytes]]]:
    """List makers of one sound file per shape, for cutting it at random places."""
    return [
        ("a.pdf", pdf),
        ("a.png", png),
        ("a.jpg", jpeg),
        ("a.docx", word),
        ("a.xlsx", xlsx),
        ("a.doc", lambda: ole("WordDocument")),
    ]
