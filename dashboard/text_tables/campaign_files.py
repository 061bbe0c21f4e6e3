"""Words about files that a campaign is asked for with."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "campaigns.new.outside": {
        "zh": "从别处登录时，只能指定数据库所在文件夹里的文件；请把文件放到那里，写出相对路径。",
        "en": "From elsewhere only files in the store's folder can be named; put it there, and name it from there.",
    },
    "campaigns.new.no_file": {
        "zh": "{path} 不是普通文件；请指定一个文件。",
        "en": "{path} is no regular file; name one.",
    },
    "campaigns.new.large": {
        "zh": "{path} 超过 {most} MB；请指定更小的文件。",
        "en": "{path} is larger than {most} MB; name a smaller one.",
    },
}
