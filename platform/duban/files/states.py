"""Which kinds of file are taken, and what their content must look like."""

from dataclasses import dataclass
from enum import StrEnum

from duban.kernel.text import N_


class Shape(StrEnum):
    """How a kind of file is built inside, which decides how it is checked."""

    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    PACKAGE = "package"
    COMPOUND = "compound"
    TEXT = "text"


@dataclass(frozen=True)
class Kind:
    """
    One accepted kind.

    `parts` are member names a package must hold, or stream names of which a compound file must hold one.
    """

    media_type: str
    shape: Shape
    label: str
    icon: str
    parts: tuple[str, ...] = ()

    @property
    def may_be_shown(self) -> bool:
        """Tell whether a browser may show it in the page instead of saving it."""
        return self.shape in {Shape.PDF, Shape.JPEG, Shape.PNG}


_OOXML = "application/vnd.openxmlformats-officedocument"
_WORD = N_("Word 文档")
_SHEET = N_("Excel 表格")
_SLIDES = N_("演示文稿")
_PICTURE = N_("图片")

# Archives (zip, rar, 7z) are left out on purpose: what is in them could be neither judged nor shown to a reviewer.
KINDS: dict[str, Kind] = {
    "pdf": Kind("application/pdf", Shape.PDF, N_("PDF 文件"), "file-type-pdf"),
    "jpg": Kind("image/jpeg", Shape.JPEG, _PICTURE, "photo"),
    "jpeg": Kind("image/jpeg", Shape.JPEG, _PICTURE, "photo"),
    "png": Kind("image/png", Shape.PNG, _PICTURE, "photo"),
    "docx": Kind(
        f"{_OOXML}.wordprocessingml.document",
        Shape.PACKAGE,
        _WORD,
        "file-type-docx",
        ("[Content_Types].xml", "word/document.xml"),
    ),
    "xlsx": Kind(
        f"{_OOXML}.spreadsheetml.sheet", Shape.PACKAGE, _SHEET, "file-type-xls", ("[Content_Types].xml", "xl/workbook.xml")
    ),
    "pptx": Kind(
        f"{_OOXML}.presentationml.presentation",
        Shape.PACKAGE,
        _SLIDES,
        "file-type-ppt",
        ("[Content_Types].xml", "ppt/presentation.xml"),
    ),
    "ofd": Kind("application/ofd", Shape.PACKAGE, N_("OFD 版式文件"), "file-certificate", ("OFD.xml",)),
    "doc": Kind("application/msword", Shape.COMPOUND, _WORD, "file-type-doc", ("WordDocument",)),
    "xls": Kind("application/vnd.ms-excel", Shape.COMPOUND, _SHEET, "file-type-xls", ("Workbook", "Book")),
    "ppt": Kind("application/vnd.ms-powerpoint", Shape.COMPOUND, _SLIDES, "file-type-ppt", ("PowerPoint Document",)),
    "wps": Kind("application/vnd.ms-works", Shape.COMPOUND, N_("WPS 文字"), "file-type-doc", ("WordDocument",)),
    "et": Kind("application/vnd.ms-excel", Shape.COMPOUND, N_("WPS 表格"), "file-type-xls", ("Workbook", "Book")),
    "txt": Kind("text/plain", Shape.TEXT, N_("文本文件"), "file-text"),
    "csv": Kind("text/csv", Shape.TEXT, N_("CSV 表格"), "csv"),
}

ACCEPT = ",".join(f".{extension}" for extension in KINDS)
"""What a file input's `accept` says."""

FILES_PER_OWNER = 30
"""Most files one submission or document may carry."""
