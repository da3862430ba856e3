"""Names for people who do not exist: the same number gives the same name, different numbers give different names for long."""

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高罗郑梁谢宋唐许邓韩冯曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏"
    "吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎雷龙黎史陶贺"
)
_GIVEN_TEXT = (
    "建国 志强 伟 秀英 海燕 国华 丽娟 小平 永红 文斌 立新 春梅 德明 玉兰 长青 晓东 红霞 金水 卫东 雪梅 "
    "正平 桂芳 光明 美玲 家豪 慧 俊杰 淑芬 振华 艳 大勇 新民 爱华 宏伟 凤英 思远 佳 世杰 腊梅 少华 "
    "子龙 巧云 学军 敏 向阳 月娥 铁柱 静 中秋 兰香 启明 云霞 喜顺"
)
_GIVEN = _GIVEN_TEXT.split()


def name(number: int) -> str:
    """Give the number-th name. Takes: 0 and up; names repeat after len(surnames) × len(given)."""
    surname = _SURNAMES[number * 7 % len(_SURNAMES)]
    return surname + _GIVEN[(number * 11 + number // len(_SURNAMES)) % len(_GIVEN)]


def phone(number: int) -> str:
    """Give a phone number that nobody has: the block 1990000xxxx is not handed out."""
    return f"1990000{number % 10_000:04}"
