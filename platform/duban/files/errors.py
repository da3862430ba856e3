"""Why a file is not taken."""

from enum import StrEnum

from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.text import N_, Text


class Reason(StrEnum):
    """The kind of refusal, for the record and for tests."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    KIND = "kind"
    MISMATCH = "mismatch"
    DAMAGED = "damaged"
    BOMB = "bomb"
    MACROS = "macros"
    ENCRYPTED = "encrypted"
    POLYGLOT = "polyglot"
    MALWARE = "malware"
    PIXELS = "pixels"


TEXTS: dict[Reason, str] = {
    Reason.EMPTY: N_("“%(name)s”是空文件，请重新选择"),
    Reason.TOO_LARGE: N_("“%(name)s”超过单个文件 %(limit)s MB 的上限，请压缩图片或拆分后再上传"),
    Reason.KIND: N_("不接受“%(name)s”这种文件。可以上传：%(allowed)s。压缩包请解压后逐个上传"),
    Reason.MISMATCH: N_("“%(name)s”的内容与扩展名不符，请用原来的软件打开后另存，再上传"),
    Reason.DAMAGED: N_("“%(name)s”已损坏或不完整，请打开确认后重新上传"),
    Reason.BOMB: N_("“%(name)s”解压后过大，为安全起见不予接收"),
    Reason.MACROS: N_("“%(name)s”含有宏，请另存为不带宏的格式后再上传"),
    Reason.ENCRYPTED: N_("“%(name)s”设有打开密码，请取消密码后再上传"),
    Reason.POLYGLOT: N_("“%(name)s”中夹带了其他内容，为安全起见不予接收"),
    Reason.MALWARE: N_("“%(name)s”含有病毒特征，不予接收。请先查杀本机病毒"),
    Reason.PIXELS: N_("“%(name)s”的图片尺寸过大，请缩小后再上传"),
}


class FileRefusedError(InvalidInputError):
    """The file is not stored; nothing of it is kept."""

    code = "file-refused"

    def __init__(self, reason: Reason, *, name: str, **params: object) -> None:
        text = Text(TEXTS[reason], {"name": name} | params)
        super().__init__(TEXTS[reason], fields={"file": [text]}, **({"name": name} | params))
        self.reason = reason


class TooManyFilesError(RuleBrokenError):
    """The owner carries as many files as it may."""

    code = "too-many-files"

    def __init__(self, limit: int) -> None:
        super().__init__(N_("最多上传 %(limit)s 个附件，请先删除不需要的附件"), limit=limit)


class FileGoneError(RuleBrokenError):
    """The row is there, its bytes are not: the store lost them, or they were never written."""

    code = "file-gone"

    def __init__(self) -> None:
        super().__init__(N_("文件内容暂时无法读取，请稍后再试；如仍不行，请联系系统管理员"))
