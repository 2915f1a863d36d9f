"""Step 1: a file, a pasted table or an example becomes a table with a text and a label column."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from ptm_demo.data import EXAMPLES
from ptm_demo.errors import DatasetNotFound, NoFile, SameColumn
from ptm_demo.services import Services
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import escape_markdown, percent, shorten
from ptm_demo.ui.session import Session, Work
from ptm_demo.ui.tabs.finetune.step import Step
from ptm_demo.ui.wire import notice, wire

PREVIEW_ROWS = 20
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def build(services: Services, session: Session, t: Translator) -> Step:
    def show(work: Work, owner: str) -> list[Any]:
        """Everything below the upload, for the work's table."""
        if not work.dataset_id:
            return [gr.skip()] * 7  # never an empty state: the visitor may have chosen a table while the page was loading
        table = services.data.table(work.dataset_id, owner)
        guess = services.data.guess(work.dataset_id, owner)
        columns = [str(column) for column in table.frame.columns]
        text = work.text_column if work.text_column in columns else guess.text_column
        label = work.label_column if work.label_column in columns else guess.label_column
        work = work.but(text_column=text, label_column=label)
        facts = t(
            "finetune.data.facts",
            name=escape_markdown(shorten(table.name, 60)),
            rows=len(table.frame),
            columns=len(columns),
            encoding=escape_markdown(table.encoding),
            delimiter=t(f"finetune.data.delimiter.{_DELIMITERS.get(table.delimiter, 'other')}"),
        )
        found = t("finetune.data.found", text=percent(guess.text_confidence, 0), label=percent(guess.label_confidence, 0))
        return [
            work.to_json(),
            gr.Column(visible=True),
            facts,
            gr.Dropdown(choices=columns, value=text),
            gr.Dropdown(choices=columns, value=label),
            found,
            preview(work, owner),
        ]

    def preview(work: Work, owner: str) -> pd.DataFrame:
        table = services.data.table(work.dataset_id, owner)
        frame = table.frame.head(PREVIEW_ROWS)
        chosen = [column for column in (work.label_column, work.text_column) if column in frame.columns]
        shown = frame[list(dict.fromkeys(chosen))].copy()
        shown.insert(0, t("finetune.row"), list(table.numbers[: len(shown)]))
        return shown

    def take_file(path: str | None, token: Any, stored: Any) -> list[Any]:
        if not path:
            raise NoFile
        owner = session.owner(token)
        file = Path(path)
        dataset_id = services.data.add(file, file.name, owner)
        with suppress(OSError):  # the framework's own copy: ours is under the owner's folder now
            file.unlink()
        return [*show(fresh(stored, dataset_id), owner), None]

    def take_paste(text: str, token: Any, stored: Any) -> list[Any]:
        if not (text or "").strip():
            raise NoFile
        owner = session.owner(token)
        return show(fresh(stored, services.data.add_text(text, owner)), owner)

    def take_example(name: str, token: Any, stored: Any) -> list[Any]:
        owner = session.owner(token)
        return show(fresh(stored, services.data.add_example(name, owner)), owner)

    def fresh(stored: Any, dataset_id: str) -> Work:
        """A new table: what was chosen for the one before does not apply."""
        return Work.of(stored).but(dataset_id=dataset_id, text_column="", label_column="", fixes=(), fixes_chosen="", eval_dataset_id="")

    def choose(text: str, label: str, token: Any, stored: Any) -> list[Any]:
        work = Work.of(stored).but(text_column=text or "", label_column=label or "", fixes=(), fixes_chosen="")
        return [work.to_json(), preview(work, session.owner(token))]

    def take_test(path: str | None, token: Any, stored: Any) -> list[Any]:
        owner = session.owner(token)
        work = Work.of(stored)
        if not path:
            return [work.but(eval_dataset_id="").to_json(), ""]
        file = Path(path)
        dataset_id = services.data.add(file, file.name, owner)
        rows = len(services.data.table(dataset_id, owner).frame)
        return [work.but(eval_dataset_id=dataset_id).to_json(), t("finetune.data.test_taken", rows=rows)]

    def go_on(token: Any, stored: Any) -> dict[str, Any]:
        work = Work.of(stored)
        if not work.dataset_id:
            raise NoFile
        if work.text_column == work.label_column:
            raise SameColumn(column=work.text_column)
        services.data.table(work.dataset_id, session.owner(token))
        return work.to_json()

    def restore(token: Any, stored: Any) -> list[Any]:
        try:
            shown = show(Work.of(stored), session.owner(token))
            return [shown[0] if shown[0] != stored else gr.skip(), *shown[1:]]
        except DatasetNotFound:  # the server was emptied since: begin anew, keep the rest
            return [Work.of(stored).but(dataset_id="").to_json(), *[gr.skip()] * 6]

    gr.Markdown(t("finetune.data.help"), elem_classes=["help"])
    with gr.Row(equal_height=True, elem_classes=["split"]):
        file = gr.File(label=t("finetune.data.file"), height=150, elem_id="data-file", scale=3)
        with gr.Column(scale=2, min_width=260, elem_classes=["examples"]):
            gr.Markdown(t("finetune.data.examples"), elem_classes=["caption"])
            buttons = [
                gr.Button(t(f"finetune.data.example.{example.name}"), size="sm", elem_id=f"example-{example.name}") for example in EXAMPLES
            ]
    with gr.Accordion(t("finetune.data.paste_title"), open=False):
        pasted = gr.Textbox(
            value="", label=t("finetune.data.paste"), placeholder=t("finetune.data.paste_hint"), lines=6, max_lines=12, elem_id="data-paste"
        )
        paste = gr.Button(t("finetune.data.paste_button"), size="sm", elem_id="data-paste-button")
    said = notice("data-notice")
    with gr.Column(visible=False, elem_id="data-table") as panel:
        facts = gr.Markdown(elem_id="data-facts", latex_delimiters=[])
        with gr.Row():
            text_column = gr.Dropdown(label=t("finetune.data.text_column"), elem_id="text-column", interactive=True)
            label_column = gr.Dropdown(label=t("finetune.data.label_column"), elem_id="label-column", interactive=True)
        found = gr.Markdown(elem_classes=["help"], elem_id="data-found")
        rows = gr.Dataframe(
            label=t("finetune.data.preview"),
            interactive=False,
            wrap=True,
            max_height=320,
            elem_id="data-preview",
            datatype="str",
            column_widths=["64px", "22%", "auto"],
        )
        with gr.Accordion(t("finetune.data.test_title"), open=False):
            gr.Markdown(t("finetune.data.test_help"), elem_classes=["help"])
            test_file = gr.File(label=t("finetune.data.test_file"), height=110, elem_id="test-file")
            test_said = gr.Markdown(elem_classes=["help"])
        with gr.Row(elem_classes=["actions"]):
            proceed = gr.Button(t("finetune.data.next"), variant="primary", elem_id="data-next")

    shown = [session.work, panel, facts, text_column, label_column, found, rows]
    common = {"t": t, "notice": said}
    wire(file.upload, take_file, [file, session.token, session.work], [*shown, file], **common)
    wire(paste.click, take_paste, [pasted, session.token, session.work], shown, **common)
    for example, button in zip(EXAMPLES, buttons, strict=True):
        named = gr.State(example.name)
        wire(button.click, take_example, [named, session.token, session.work], shown, **common)
    for column in (text_column, label_column):
        wire(column.input, choose, [text_column, label_column, session.token, session.work], [session.work, rows], **common)
    wire(test_file.change, take_test, [test_file, session.token, session.work], [session.work, test_said], **common)
    done = wire(proceed.click, go_on, [session.token, session.work], [session.work], leads_on=True, **common)
    return Step(refresh=restore, inputs=[session.token, session.work], outputs=shown, done=done)
