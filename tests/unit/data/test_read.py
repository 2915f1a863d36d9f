"""Reading: encodings, separators, quotes, ragged rows, headers, limits. Nothing but a PtmError may come out."""

from __future__ import annotations

import csv
import gzip
import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptm_demo.data import Limits, Table, read_csv, read_text
from ptm_demo.errors import (
    DataError,
    EmptyFile,
    FileMissing,
    FileTooLarge,
    NotATable,
    OneColumn,
    PtmError,
    TooManyColumns,
    TooManyRows,
    UnclosedQuote,
)

GERMAN = [
    ("Das Päckchen kam zu spät, schade", "schlecht"),
    ("Schöne Grüße an den Händler", "gut"),
    ("Größe passt überhaupt nicht", "schlecht"),
    ("Très bien, merci à tous", "gut"),
] * 5
CHINESE = [("物流太慢了，等了五天", "差评"), ("味道不错，下次再来", "好评"), ("客服态度很好", "好评"), ("包装破了，东西也坏了", "差评")] * 5


def table_text(rows: list[tuple[str, str]], delimiter: str = ",", header: tuple[str, str] = ("text", "label")) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def rows_of(table: Table) -> list[tuple[str, ...]]:
    return [tuple(row) for row in table.frame.itertuples(index=False, name=None)]


def codes(table: Table) -> list[str]:
    return [note.code for note in table.notes]


# --- encodings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("rows", [GERMAN, CHINESE], ids=["german", "chinese"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_unicode_encodings_read_alike(codec: str, rows: list[tuple[str, str]], delimiter: str) -> None:
    table = read_csv(table_text(rows, delimiter).encode(codec), "x.csv")
    assert table.columns == ["text", "label"]
    assert rows_of(table) == rows
    assert table.delimiter == delimiter
    assert not table.notes


@pytest.mark.parametrize(
    ("codec", "rows", "expected"),
    [("gb18030", CHINESE, "gb18030"), ("gbk", CHINESE, "gb18030"), ("latin-1", GERMAN, "cp1252"), ("cp1252", GERMAN, "cp1252")],
)
def test_older_encodings_are_told_apart(codec: str, rows: list[tuple[str, str]], expected: str) -> None:
    table = read_csv(table_text(rows).encode(codec))
    assert rows_of(table) == rows
    assert table.encoding == expected
    assert codes(table) == ["guessed_encoding"]


@pytest.mark.parametrize("word", ["naïve", "café", "Ärger", "garçon", "señor", "“quoted”", "it’s"])
def test_one_accent_in_english_is_not_taken_for_chinese(word: str) -> None:
    text = f"text,label\nthe {word} one is good,a\nplain ascii text here,b\nmore of it,a\n"
    assert read_csv(text.encode("cp1252")).column("text")[0] == f"the {word} one is good"


@pytest.mark.parametrize("word", ["好", "差评", "，", "很好吃！"])
def test_one_chinese_word_in_ascii_is_not_taken_for_latin(word: str) -> None:
    assert read_csv(f"text,label\nok {word},a\nfine,b\n".encode("gb18030")).column("text")[0] == f"ok {word}"


def test_rarer_encodings_are_left_to_statistics() -> None:
    russian = [
        ("Очень хороший магазин, всем советую", "да"),
        ("Доставка задержалась на неделю", "нет"),
        ("Товар пришёл сломанным", "нет"),
    ] * 10
    assert rows_of(read_csv(table_text(russian).encode("cp1251"))) == russian


@pytest.mark.parametrize("codec", ["shift_jis", "euc_jp"])
def test_japanese_by_its_kana(codec: str) -> None:
    rows = [("とても良い商品でした。また買いたいです", "良い"), ("配送が遅くて困りました", "悪い"), ("説明書が分かりにくい", "悪い")]
    assert rows_of(read_csv(table_text(rows).encode(codec))) == rows


def test_nearly_utf8_keeps_the_good_characters() -> None:
    data = table_text(CHINESE).encode() + b"caf\xe9,x\n"
    table = read_csv(data)
    assert rows_of(table)[: len(CHINESE)] == CHINESE
    assert table.column("text")[-1] == "caf\ufffd"


def test_a_file_cut_in_the_middle_of_a_character() -> None:
    data = table_text(CHINESE).rstrip("\n").encode()[:-1]
    assert rows_of(read_csv(data))[:-1] == CHINESE[:-1]


# --- what is no table -----------------------------------------------------------------------------------------


def _zip(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (_zip("a.csv"), "ZIP"),
        (_zip("[Content_Types].xml", "xl/workbook.xml"), "XLSX (Excel)"),
        (_zip("[Content_Types].xml", "word/document.xml"), "DOCX (Word)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "XLS (Excel)"),
        (b"%PDF-1.7\n%...", "PDF"),
        (gzip.compress(b"text,label\na,b\n"), "GZIP"),
        (b"PAR1" + bytes(40), "Parquet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "JPEG"),
        (b"SQLite format 3\x00" + bytes(20), "SQLite"),
        (b"\n  <!DOCTYPE html><html><body>text,label</body></html>", "HTML"),
        (b"\xef\xbb\xbf<html><head></head></html>", "HTML"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b'[{"text": "a", "label": "b"}, {"text": "c", "label": "d"}]', "JSON"),
        (b'{"text": "a", "label": "b"}\n{"text": "c", "label": "d"}\n', "JSON"),
        (bytes(range(256)) * 20, "binary data"),
        (bytes(5000), "binary data"),
    ],
)
def test_other_formats_are_named(data: bytes, found: str) -> None:
    with pytest.raises(NotATable) as error:
        read_csv(data, "reviews.csv")
    assert error.value.params == {"name": "reviews.csv", "found": found}


def test_a_bracket_does_not_make_it_json() -> None:
    table = read_csv(b"text,label\n[serry] wants to blend,neg\n[the other],pos\n")
    assert table.column("text") == ["[serry] wants to blend", "[the other]"]
    assert len(read_text("[a] first,pos\n[b] second,neg\n[c] third,pos\n[d] fourth,pos\n[e] fifth,neg\n")) == 5


@pytest.mark.parametrize("data", [b"", b" \n\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"text,label\n", b"text,label", b"sep=;\n"])
def test_nothing_in_it(data: bytes) -> None:
    with pytest.raises(EmptyFile):
        read_csv(data, "x.csv")


@pytest.mark.parametrize("data", [b"just a line", b"text\na\nb\n", b"text\nDear all, hello\nDear Ann, how, are, you\nbye\n"])
def test_one_column(data: bytes) -> None:
    with pytest.raises(OneColumn):
        read_csv(data, "x.csv")


def test_one_column_is_fine_for_texts_without_labels() -> None:
    table = read_csv(b"text\nDear all, hello\nDear Ann, how, are, you\nbye\n", one_column_ok=True)
    assert table.column("text") == ["Dear all, hello", "Dear Ann, how, are, you", "bye"]


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_csv(tmp_path / "no.csv")
    with pytest.raises(NotATable):
        read_csv(tmp_path)
    with pytest.raises(DataError):
        read_csv("a\x00b.csv")


def test_a_path_is_read_and_names_the_table(tmp_path: Path) -> None:
    path = tmp_path / "评论.csv"
    path.write_text(table_text(CHINESE), encoding="utf-8")
    table = read_csv(path)
    assert (table.name, len(table)) == ("评论.csv", len(CHINESE))


# --- cells ----------------------------------------------------------------------------------------------------


def test_nothing_is_parsed() -> None:
    table = read_text("text,label\nzero one,007\nnot here,NA\nempty,null\nnumber,1.50\ndate,2024-01-02\ntrue,TRUE\n")
    assert table.column("label") == ["007", "NA", "null", "1.50", "2024-01-02", "TRUE"]
    assert {str(dtype) for dtype in table.frame.dtypes} == {"str"}
    assert not table.frame.isna().any().any()


def test_quotes_line_breaks_and_separators_inside_cells() -> None:
    rows = [
        ('He said "hi", twice', "a"),
        ("two\nlines", "b"),
        ("old\r\nwindows", "c"),
        ("  padded  ", "d"),
        ("", "e"),
        ('"', "f"),
        ("'single'", "g"),
    ]
    for end in ("\n", "\r\n", "\r"):
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
        assert rows_of(read_text(out.getvalue())) == rows


def test_backslash_quotes() -> None:
    table = read_text('text,label\n"He said \\"hi, you\\" to me",a\n"plain",b\n"again \\"x, y\\"",a\n')
    assert table.column("text") == ['He said "hi, you" to me', "plain", 'again "x, y"']


def test_single_quoted_cells() -> None:
    table = read_text("text,label\n'It is, well, good','pos'\n'No, thanks','neg'\n'Fine','pos'\n")
    assert rows_of(table) == [("It is, well, good", "pos"), ("No, thanks", "neg"), ("Fine", "pos")]


def test_spaces_before_quotes_and_excel_hint() -> None:
    assert rows_of(read_text('text, label\n"a, b", "x"\n"c, d", "y"\n')) == [("a, b", "x"), ("c, d", "y")]
    assert rows_of(read_text("sep=;\ntext;label\na, b;x\nc, d;y\n")) == [("a, b", "x"), ("c, d", "y")]


def test_unclosed_quote_names_its_line() -> None:
    with pytest.raises(UnclosedQuote) as error:
        read_text('text,label\nfine,a\n\n"two\nlines",b\n"never closed,c\nmore,d\n')
    assert error.value.params["line"] == 6


def test_a_quote_in_the_wrong_place_stays_in_its_row() -> None:
    table = read_text('text,label\n"Great" he said,pos\n"broken,neg\nnext,pos\n"good, really",neg\n12" pizza,pos\n')
    assert rows_of(table) == [
        ('"Great" he said', "pos"),
        ('"broken', "neg"),
        ("next", "pos"),
        ("good, really", "neg"),
        ('12" pizza', "pos"),
    ]
    (note,) = table.notes
    assert (note.code, note.count, note.rows) == ("stray_quotes", 2, (1, 2))


def test_quotes_in_a_tab_separated_table_that_knows_no_quoting() -> None:
    table = read_text('text\tlabel\n"open to the end\tpos\nplain\tneg\nhe said "no"\tneg\n"whole"\tpos\n"last one\tneg\n')
    assert rows_of(table) == [
        ('"open to the end', "pos"),
        ("plain", "neg"),
        ('he said "no"', "neg"),
        ("whole", "pos"),
        ('"last one', "neg"),
    ]
    assert [(n.code, n.rows) for n in table.notes] == [("stray_quotes", (1, 5))]


def test_rows_swallowed_by_a_quotation_mark_are_noticed() -> None:
    rows = [f"text number {i},{'ab'[i % 2]}" for i in range(20)]
    rows[5], rows[8] = '"opens here,a', 'closes here",b'
    table = read_text("text,label\n" + "\n".join(rows) + "\n")
    assert [(n.code, n.count, n.rows) for n in table.notes] == [("swallowed_rows", 1, (6,))]
    fine = read_text('text,label\n"a, b\nc, d",x\n' + "\n".join(rows[9:]) + "\n")
    assert not fine.notes


def test_long_cells_are_cut() -> None:
    table = read_text("text,label\n" + "x" * 50 + ",a\nshort,b\n", Limits(max_cell=20))
    assert table.column("text") == ["x" * 20, "short"]
    assert [(n.code, n.count, n.rows) for n in table.notes] == [("cells_cut", 1, (1,))]


# --- ragged rows ----------------------------------------------------------------------------------------------


def test_an_unquoted_comma_is_put_back_where_the_label_shows_it() -> None:
    text = "text,label\n" + "".join(f"fine {i},good\nbad {i},poor\n" for i in range(4)) + "well, I like it, really,good\n"
    table = read_text(text)
    assert rows_of(table)[-1] == ("well, I like it, really", "good")
    (note,) = table.notes
    assert (note.code, note.count, note.params["joined"], note.rows) == ("rows_too_long", 1, 1, (9,))


def test_label_first_is_put_back_too() -> None:
    table = read_text("label,text\n" + "".join(f"good,fine {i}\npoor,bad {i}\n" for i in range(4)) + "poor,no, never\n")
    assert rows_of(table)[-1] == ("poor", "no, never")


def test_a_row_that_fits_nowhere_keeps_its_line_and_gets_no_label() -> None:
    table = read_text("text,label\n" + "".join(f"fine stuff {i},good\nbad stuff {i},poor\n" for i in range(4)) + "a,b,c\n")
    assert rows_of(table)[-1] == ("a,b,c", "")
    assert table.notes[0].params["joined"] == 0


def test_an_ambiguous_row_is_not_guessed() -> None:
    """Both ways of joining give known values, so neither is taken."""
    table = read_text("a,b\n" + "x,y\ny,x\nx,x\ny,y\n" * 3 + "x,y,x\n")
    assert "x,y,x" in rows_of(table)[-1]


def test_short_rows_are_filled_at_the_end() -> None:
    table = read_text("id,text,label\n1,a b,x\n2,c d\n3,e f,y\n4\n")
    assert rows_of(table) == [("1", "a b", "x"), ("2", "c d", ""), ("3", "e f", "y"), ("4", "", "")]
    assert [(n.code, n.count, n.rows) for n in table.notes] == [("rows_too_short", 2, (2, 4))]


def test_blank_lines_and_rows_of_separators_carry_nothing() -> None:
    table = read_text("\n\ntext,label\n\na,x\n , \n,,,\n   \nb,y\n\n")
    assert rows_of(table) == [("a", "x"), ("b", "y")]


def test_trailing_separators_are_no_columns() -> None:
    table = read_text("text;label;;\na;x;;\nb;y;;\n")
    assert (table.columns, table.notes) == (["text", "label"], ())


def test_first_row_with_an_extra_cell_shifts_nothing() -> None:
    table = read_text("text,label\na,x,extra\nb,y\nc,x\nd,y\ne,x\n")
    assert table.columns == ["text", "label"]
    assert rows_of(table)[1:] == [("b", "y"), ("c", "x"), ("d", "y"), ("e", "x")]


# --- headers --------------------------------------------------------------------------------------------------


def test_duplicate_and_empty_headers() -> None:
    table = read_text("text,label,label,,label (2)\na,x,1,p,q\nb,y,2,r,s\n")
    assert table.columns == ["text", "label", "label (3)", "column_4", "label (2)"]
    assert sorted(codes(table)) == ["duplicate_headers", "unnamed_columns"]
    assert read_text("text,label,label\na,x,1\nb,y,2\n").columns == ["text", "label", "label (2)"]


def test_no_header() -> None:
    table = read_text("I like it a lot,pos\nAwful stuff,neg\nNever again,neg\nSo good,pos\nMeh,neg\n")
    assert table.columns == ["column_1", "column_2"]
    assert len(table) == 5
    assert codes(table) == ["no_header"]


@pytest.mark.parametrize("header", ["What did you think?,Your verdict", "foo,bar", "comment,spam", "文本,标签"])
def test_unusual_headers_are_headers(header: str) -> None:
    table = read_text(header + "\n" + "I like it,pos\nAwful,neg\nNever,neg\nGood,pos\nMeh,neg\n")
    assert table.columns == header.split(",")
    assert not table.notes


@pytest.mark.parametrize("title", ["Report of 3 May", '"Report, of 3 May"\n\nsecond line', "Report;;", "# exported\n#"])
def test_a_title_above_the_header(title: str) -> None:
    table = read_text(f"{title}\nid;comment;kind\n" + "".join(f"{i};text {i};{'xy'[i % 2]}\n" for i in range(6)))
    assert table.columns == ["id", "comment", "kind"]
    assert len(table) == 6 and list(table.numbers) == [1, 2, 3, 4, 5, 6]
    assert codes(table) == ["preamble"]


def test_a_list_of_sentences_has_no_title() -> None:
    lines = ["my notes", "well, no", "yes, maybe", "good, bad", "one, two", "three, four", "five, six"]
    assert len(read_text("text\n" + "\n".join(lines), one_column_ok=True)) == 7


def test_a_separator_at_the_end_of_every_row_only() -> None:
    table = read_text("x,y\n" + "".join(f"text {i},{'ab'[i % 2]},\n" for i in range(6)))
    assert (table.columns, table.notes) == (["x", "y"], ())


def test_an_unnamed_index_column() -> None:
    table = read_text("text,label\n0,a b,x\n1,c d,y\n2,e f,x\n3,g h,y\n")
    assert table.columns == ["column_1", "text", "label"]
    assert codes(table) == ["header_too_short"]
    assert read_text(",text,label\n0,a b,x\n1,c d,y\n").columns == ["column_1", "text", "label"]


def test_repeated_headers_are_left_out_and_rows_keep_their_numbers() -> None:
    table = read_text("text,label\na,x\ntext,label\nb,y\n")
    assert rows_of(table) == [("a", "x"), ("b", "y")]
    assert list(table.numbers) == [1, 3]
    assert codes(table) == ["repeated_headers"]


# --- separators against an independent reading ------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_separator_as_the_csv_module_wrote_it(delimiter: str, quoting: int) -> None:
    rows = [("1", "Hello, you; there | again", "x"), ("2", 'a "b" c', "y"), ("3", "tab\there", "x"), ("4", "plain", "y")] * 3
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows([("id", "text", "label"), *rows])
    table = read_text(out.getvalue())
    assert table.delimiter == delimiter
    assert rows_of(table) == rows


# --- limits ---------------------------------------------------------------------------------------------------


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    start = time.process_time()
    with pytest.raises(FileTooLarge) as error:
        read_csv(path)
    assert error.value.params["size_mb"] == 60.0
    assert time.process_time() - start < 0.5
    with pytest.raises(FileTooLarge):
        read_csv(b"a" * 2000, limits=Limits(max_bytes=1000))
    with pytest.raises(FileTooLarge):
        read_text("a" * 2000, Limits(max_bytes=1000))


def test_too_many_rows_says_how_many() -> None:
    start = time.process_time()
    with pytest.raises(TooManyRows) as error:
        read_text("text,label\n" + "some text here,a\n" * 200_000)
    assert error.value.params["rows"] == 200_000
    assert time.process_time() - start < 5


def test_exactly_the_limit_is_read() -> None:
    assert len(read_text("text,label\n" + "some text,a\n" * 50, Limits(max_rows=50))) == 50
    with pytest.raises(TooManyRows):
        read_text("text,label\n" + "some text,a\n" * 51, Limits(max_rows=50))


def test_too_many_columns_and_cells() -> None:
    wide = ",".join(f"c{i}" for i in range(300))
    with pytest.raises(TooManyColumns) as error:
        read_text(f"{wide}\n{wide}\n")
    assert error.value.params["columns"] == 300
    with pytest.raises(TooManyRows):
        read_text("text,label\n" + "a b,x\n" * 60, Limits(max_cells=100))


def test_a_hundred_thousand_rows_read_in_seconds() -> None:
    text = "id,text,label\n" + "".join(f'{i},"row {i}, with some words in it",class {i % 7}\n' for i in range(100_000))
    start = time.process_time()
    table = read_csv(text.encode())
    assert len(table) == 100_000
    assert table.column("text")[-1] == "row 99999, with some words in it"
    assert time.process_time() - start < 6  # about 0.8 s on two quiet cores


# --- nothing but a PtmError -----------------------------------------------------------------------------------

FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CSV_TEXT = st.text(st.sampled_from(list("ab,;|\t\"'\\\n\r \x00\ufeff中é0=-@{[<")), max_size=120)


@FUZZ
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    _only_ptm_errors(data)


@FUZZ
@given(CSV_TEXT, st.sampled_from(["utf-8", "utf-16", "utf-16-le", "gb18030"]))
def test_any_csv_text(text: str, codec: str) -> None:
    _only_ptm_errors(("text,label\n" + text).encode(codec))
    _only_ptm_errors(text.encode(codec))


@FUZZ
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=6)), min_size=1, max_size=8))
def test_what_the_csv_module_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    rows = [(f"t{t}", f"l{label}") for t, label in rows]
    clean = [tuple(cell.encode("utf-8", "replace").decode() for cell in row) for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    assert rows_of(read_text(out.getvalue())) == clean


def _only_ptm_errors(data: bytes) -> None:
    try:
        table = read_csv(data, "x")
    except PtmError as error:
        assert str(error)
        return
    assert len(table.columns) >= 2
    assert len(set(table.columns)) == len(table.columns)
    assert len(table.numbers) == len(table) >= 1
    assert all(isinstance(cell, str) for name in table.columns for cell in table.column(name))
