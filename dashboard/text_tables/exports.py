"""Words of the files one can take along from Run · Curves, and of finding a metric."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "export.csv": {"zh": "下载 CSV", "en": "CSV"},
    "export.csv.help": {"zh": "当前范围内每一步的数值", "en": "Every value in the range shown"},
    "export.png": {"zh": "下载 PNG", "en": "PNG"},
    "export.png.help": {"zh": "当前图表的图片", "en": "The chart as a picture"},
    "find.label": {"zh": "查找指标", "en": "Find a metric"},
    "find.none": {"zh": "没有名称包含“{words}”的指标。", "en": "No metric has “{words}” in its name."},
    "find.most": {
        "zh": "共 {every} 张图，这里是前 {most} 张；查找名称可以看到其余的。",
        "en": "The first {most} of {every} charts; look for a name to see the others.",
    },
    "pin.label": {"zh": "固定在最上面的指标", "en": "Metrics kept on top"},
    "pin.hint": {"zh": "固定指标", "en": "Pin metrics"},
}
