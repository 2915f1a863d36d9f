"""Near duplicates against comparing every pair."""

from __future__ import annotations

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from ptm_demo.data.similar import similar_to_earlier

SENTENCES = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij", "kl", "mn", "op"]), min_size=1, max_size=9).map(" ".join)


def jaccard(one: str, other: str) -> float:
    a, b = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return len(a & b) / len(a | b)


@settings(max_examples=200, deadline=None)
@given(st.lists(SENTENCES, max_size=25), st.sampled_from([0.7, 0.8, 1.0]))
def test_the_same_rows_as_all_pairs(texts: list[str], threshold: float) -> None:
    found = similar_to_earlier(texts, threshold)
    long_enough = [len(set(text.split())) >= 5 for text in texts]
    expected = [
        i
        for i, text in enumerate(texts)
        if long_enough[i] and any(long_enough[j] and jaccard(text, texts[j]) >= threshold for j in range(i))
    ]
    assert [later for later, _ in found] == expected
    assert all(earlier < later and jaccard(texts[earlier], texts[later]) >= threshold for later, earlier in found)


def test_chinese_is_compared_by_pairs_of_characters() -> None:
    texts = ["配送很快，态度很好，五星好评推荐", "配送很快，服务态度很好，五星好评推荐", "味道一般，不会再来了，太贵"]
    assert similar_to_earlier(texts) == [(1, 0)]


def test_ten_thousand_equal_texts_stay_fast() -> None:
    start = time.process_time()
    assert len(similar_to_earlier(["one and the same long sentence again"] * 10_000)) == 9_999
    assert time.process_time() - start < 5
