"""The single checks of the data report. Each gives the problems it found, none raises. Knows nothing of how tables are read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ptm_demo.data.columns import looks_like_ids
from ptm_demo.data.groups import MIN_CLASS_ROWS, Keys, contradictions, rare_labels, repeats, spellings
from ptm_demo.data.labelled import LabelledTexts
from ptm_demo.data.normalise import CONTROL, GARBLED, clean, is_number, is_placeholder, loose_key
from ptm_demo.data.problems import listed, problem
from ptm_demo.data.similar import THRESHOLD, similar_to_earlier
from ptm_demo.data.table import Table
from ptm_demo.results import Problem

_UNEVEN = 3.0
_COMFORTABLE = 10
_NOTABLE_LANGUAGE = 0.05


def cells(table: Table, text_column: str, label_column: str) -> list[Problem]:
    """What single cells show: empty, padded, invisible or garbled characters, ids instead of texts."""
    texts, labels, numbers = table.column(text_column), table.column(label_column), table.numbers
    rows: dict[str, list[int]] = {code: [] for code in ("empty_texts", "empty_labels", "placeholder_texts", "missing_value_labels",
                                                         "stray_whitespace", "control_characters", "garbled_texts")}  # fmt: skip
    for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if not clean(text):
            rows["empty_texts"].append(i)
        elif is_placeholder(text):
            rows["placeholder_texts"].append(i)
        if not clean(label):
            rows["empty_labels"].append(i)
        elif is_placeholder(label):
            rows["missing_value_labels"].append(i)
        if CONTROL.search(text) or CONTROL.search(label):
            rows["control_characters"].append(i)
        elif text != text.strip() or label != label.strip():
            rows["stray_whitespace"].append(i)
        if GARBLED.search(text) or GARBLED.search(label):
            rows["garbled_texts"].append(i)
    found = []
    for code, places in rows.items():
        if places:
            shown = [texts[i] if clean(texts[i]) and code != "missing_value_labels" else labels[i] for i in places[:20]]
            found.append(problem(code, len(places), [numbers[i] for i in places], [text for text in shown if text.strip()]))
    if looks_like_ids(texts):
        found.append(problem("id_like_texts", sum(1 for text in texts if text.strip()), numbers[:20], texts[:5], column=text_column))
    return found


def labels(rows: LabelledTexts) -> list[Problem]:
    """Spellings of one label, numbers, rare classes, too few rows and uneven classes."""
    if not rows.labels:
        return []
    found = []
    better = spellings(rows.labels)
    if better:
        places = [i for i, label in enumerate(rows.labels) if label in better]
        variants = listed([f"“{worse}” → “{best}”" for worse, best in better.items()])
        found.append(
            problem("label_variants", len(places), [rows.rows[i] for i in places], [rows.labels[i] for i in places], variants=variants)
        )
    names = Counter(better.get(label, label) for label in rows.labels)
    if all(is_number(label) for label in names):
        found.append(problem("numeric_labels", len(names), examples=list(names)))
    found += _rare(rows, better)
    if len(names) > 1 and len(rows) < _COMFORTABLE * len(names):
        found.append(problem("few_rows_per_class", len(rows), classes=len(names)))
    # Rare classes are a finding of their own; dropping them would already even the others.
    common = [(name, n) for name, n in names.most_common() if n >= MIN_CLASS_ROWS]
    if len(common) > 1 and common[0][1] >= _UNEVEN * common[-1][1]:
        (top, most), (last, fewest) = common[0], common[-1]
        percent = _percent(most, len(rows))
        found.append(problem("imbalance", len(names), label=top, percent=percent, rarest=last, rarest_rows=fewest))
    return found


def _rare(rows: LabelledTexts, better: dict[str, str]) -> list[Problem]:
    names = [better.get(label, label) for label in rows.labels]
    rare = rare_labels(names)
    found = []
    for code, classes in (
        ("single_row_classes", [c for c, n in rare.items() if n == 1]),
        ("rare_classes", [c for c, n in rare.items() if n > 1]),
    ):
        if classes:
            wanted = set(classes)
            places = [i for i, name in enumerate(names) if name in wanted]
            facts: dict[str, Any] = {"needed": MIN_CLASS_ROWS} if code == "rare_classes" else {}
            found.append(
                problem(
                    code,
                    len(classes),
                    [rows.rows[i] for i in places],
                    [rows.texts[i] for i in places[:20]],
                    labels=listed(classes),
                    **facts,
                )
            )
    return found


def repeated(rows: LabelledTexts) -> list[Problem]:
    """The same text again, nearly the same text again, and the same text under another label."""
    keys = Keys(rows.texts, rows.labels)
    exact, near = repeats(keys)
    torn = contradictions(keys)
    first_of = {key: i for i, key in reversed(list(enumerate(keys.loose)))}
    different = sorted(first_of.values())
    similar = [(different[later], different[earlier]) for later, earlier in similar_to_earlier([rows.texts[i] for i in different])]
    found = []
    for code, places in (("exact_duplicates", exact), ("near_duplicates", near), ("conflicting_labels", torn)):
        if places:
            examples = [f"{rows.labels[i]}: {rows.texts[i]}" if code == "conflicting_labels" else rows.texts[i] for i in places[:20]]
            found.append(problem(code, len(places), [rows.rows[i] for i in places], examples))
    if similar:
        examples = [f"{rows.texts[earlier][:56]} ≈ {rows.texts[later][:56]}" for later, earlier in similar[:5]]
        found.append(
            problem("similar_texts", len(similar), [rows.rows[later] for later, _ in similar], examples, percent=round(100 * THRESHOLD))
        )
    return found


def scripts(groups: dict[str, int], model: str) -> list[Problem]:
    """Whether the texts mix languages; `groups` counts texts by script group."""
    total = sum(groups.values())
    shares = {name: n for name, n in groups.items() if n >= max(2, _NOTABLE_LANGUAGE * total)}
    if len(shares) < 2:
        return []
    minority = total - max(groups.values())
    return [
        problem(
            "mixed_languages", minority, languages=", ".join(f"{name} {_percent(n, total)} %" for name, n in shares.items()), model=model
        )
    ]


def against(train: LabelledTexts, test: LabelledTexts) -> list[Problem]:
    """What is wrong between a training and a test table: texts in both, labels that only the test has."""
    found = []
    elsewhere = {loose_key(text) for text in test.texts}
    places = [i for i, text in enumerate(train.texts) if loose_key(text) in elsewhere]
    if places:
        found.append(problem("leakage", len(places), [train.rows[i] for i in places], [train.texts[i] for i in places[:20]]))
    known = set(train.labels)
    unseen = sorted(set(test.labels) - known)
    if unseen:
        rows = [row for row, label in zip(test.rows, test.labels, strict=True) if label not in known]
        found.append(problem("unseen_labels", len(unseen), rows, unseen, labels=listed(unseen)))
    return found


def _percent(part: int, whole: int) -> int | float:
    share = 100 * part / whole
    return round(share) if share >= 10 else round(share, 1)
