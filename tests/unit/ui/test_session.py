import secrets

import gradio as gr
import pytest

from ptm_demo.settings import Settings
from ptm_demo.ui.session import LOCAL_OWNER, Session, Work, _mint, stored_id


@pytest.mark.parametrize("stored", [None, "", 3, [], {"dataset_id": 5}, {"unknown": "x"}, {"fixes": "trim"}])
def test_what_the_browser_gives_is_never_trusted(stored: object) -> None:
    assert Work.of(stored) == Work()


def test_work_survives_the_browser() -> None:
    work = Work(dataset_id="d", text_column="text", fixes=("trim", "drop_empty"), fixes_chosen="yes")
    assert Work.of(work.to_json()) == work


@pytest.mark.parametrize("stored", [None, 5, {}, [], "x" * 201])
def test_what_is_no_id_counts_as_absent(stored: object) -> None:
    assert stored_id(stored) == "" and stored_id("20261124-7f3a9c") == "20261124-7f3a9c"


def test_long_values_are_cut() -> None:
    assert len(Work.of({"text_column": "x" * 10_000}).text_column) == 200
    assert len(Work.of({"fixes": ["x"] * 500}).fixes) == 20


def session(tmp_path, multi_user: bool) -> Session:
    with gr.Blocks():
        return Session.build(Settings(home=tmp_path, multi_user=multi_user))


def test_at_home_there_is_one_owner(tmp_path) -> None:
    assert session(tmp_path, False).owner("anything") == LOCAL_OWNER


def test_on_a_shared_page_the_owner_is_the_token_s_hash(tmp_path) -> None:
    shared = session(tmp_path, True)
    token = secrets.token_urlsafe(32)
    assert shared.owner(token) == shared.owner(token) != shared.owner(secrets.token_urlsafe(32))
    assert token not in shared.owner(token)
    for forged in (None, "", "short", 5, {}):
        assert shared.owner(forged) == "nobody"


def test_a_token_is_minted_once() -> None:
    token = _mint("")
    assert len(token) >= 40 and _mint(token) == token
