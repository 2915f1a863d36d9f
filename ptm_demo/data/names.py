"""What people call their columns, in English and Chinese and a few more. Knows nothing of what stands in them."""

from __future__ import annotations

import re
import unicodedata

# Surest first: a word's place decides how much a name tells.
TEXT_NAMES = (
    "text", "texts", "sentence", "sentences", "文本", "内容", "评论", "句子", "正文", "content", "review", "reviews", "comment",
    "comments", "message", "messages", "tweet", "utterance", "query", "question", "sms", "body", "文字", "评价", "评价内容",
    "评论内容", "反馈", "反馈内容", "留言", "消息", "问题", "问句", "语句", "文章", "摘要", "弹幕", "feedback", "review text",
    "reviewtext", "document", "doc", "post", "ticket", "complaint", "description", "headline", "title", "标题", "描述", "input",
    "prompt", "email", "transcript", "statement", "phrase", "abstract", "summary", "article", "story", "news", "news text", "sent",
    "texte", "commentaire", "satz", "kommentar", "texto", "comentario", "v2",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "标签", "类别", "category", "class", "sentiment", "情感", "分类", "intent", "意图", "target", "emotion",
    "情绪", "topic", "主题", "标注", "类型", "种类", "极性", "情感倾向", "好评差评", "categories", "classes", "label text",
    "label name", "tag", "polarity", "klass", "kategorie", "categorie", "categoria", "étiquette", "etiqueta", "y", "output", "gold",
    "gold label", "answer", "toxicity", "spam", "is spam", "stance", "genre", "department", "部门", "bias type",
    "v1",
)  # fmt: skip
# Numbers that can serve as labels, when nothing better is there.
RATING_NAMES = ("rating", "stars", "score", "review rating", "评分", "星级", "打分", "分数")
# Columns about the row rather than of it.
OTHER_NAMES = (
    "id", "ids", "idx", "index", "row", "no", "nr", "number", "uuid", "guid", "key", "编号", "序号", "行号", "date", "time",
    "datetime", "timestamp", "created", "created at", "updated at", "year", "month", "日期", "时间", "创建时间", "user", "username",
    "user id", "user name", "author", "name", "customer", "用户", "用户名", "姓名", "作者", "split", "fold", "lang", "language",
    "语言", "source", "来源", "url", "link", "链接", "price", "价格", "amount", "count", "length", "city", "country", "城市",
    "phone", "电话", "annotator", "annotators", "worker", "confidence", "likes", "votes", "店铺", "product id", "order", "order id",
    "订单号", "notes",
)  # fmt: skip


def plain_name(name: str) -> str:
    """A column name without case, quotes or separators: "Review_Text" and "review text" are one."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[\s_\-./\"'“”]+", " ", unicodedata.normalize("NFKC", spaced)).casefold().split())


def is_known_name(name: str) -> bool:
    """Whether the cell is a name that columns have, so that its line is surely a header."""
    plain = plain_name(name) if len(name) <= 60 else ""
    return plain in _KNOWN


def name_score(name: str, names: tuple[str, ...]) -> float:
    """0…1: how surely a column of this name is one of those. 1 for the first names of the list, less further down or inside."""
    plain = plain_name(name)
    if plain in names:
        return 1.0 - 0.4 * names.index(plain) / len(names)
    words = plain.split()
    inside = [names.index(word) for word in words if word in names]
    inside += [i for i, known in enumerate(names) if not known.isascii() and len(known) > 1 and known in plain]
    # "label_2", "main category": the last word carries the meaning, so being there counts; elsewhere it is a hint.
    return 0.6 - 0.3 * min(inside) / len(names) if inside else 0.0


_KNOWN = frozenset((*TEXT_NAMES, *LABEL_NAMES, *RATING_NAMES, *OTHER_NAMES))
