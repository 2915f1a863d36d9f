"""Classify: ask a tuned run, or a text-classification model of the Hub: one text, many lines, a table, or by API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from ptm_demo.errors import BadOption, NoFile, RunNotFound
from ptm_demo.services import Services
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.session import Session, stored_id
from ptm_demo.ui.snippets import curl_snippet, javascript_snippet, python_snippet
from ptm_demo.ui.tab import Tab
from ptm_demo.ui.wire import notice, wire

SHOWN_CLASSES = 10
SHOWN_ROWS = 50


def build(services: Services, session: Session, t: Translator) -> None:
    def choices(token: Any, stored: Any, current: str | None) -> Any:
        """The visitor's runs; what was chosen stays, else the work's run, else the newest."""
        runs = services.runs.list(session.owner(token))
        ids = [run.id for run in runs]
        wanted = stored_id(stored)
        kept = current if current and ("/" in current or current in ids) else None
        chosen = kept or (wanted if wanted in ids else ids[0] if ids else None)
        return gr.Dropdown(choices=[(run.name, run.id) for run in runs], value=chosen)

    def named(name: str | None) -> str:
        if not name or not name.strip():
            raise RunNotFound(run="")
        return name.strip()

    def one(name: str | None, text: str, token: Any) -> dict[str, float]:
        if not (text or "").strip():
            raise BadOption(option=t("classify.text"), expected=t("classify.some_text"), found=t("classify.nothing"))
        return dict(services.serving.classify(named(name), [text], session.owner(token))[0].probs)

    def many(name: str | None, lines: str, token: Any) -> pd.DataFrame:
        texts = [line for line in (lines or "").splitlines() if line.strip()]
        if not texts:
            raise BadOption(option=t("classify.lines"), expected=t("classify.some_text"), found=t("classify.nothing"))
        answers = services.serving.classify(named(name), texts, session.owner(token))
        names = [t("classify.text"), t("metric.label"), t("metric.probability")]
        return pd.DataFrame([(text, p.label, f"{p.prob:.3f}") for text, p in zip(texts, answers, strict=True)], columns=names)

    def table(name: str | None, path: str | None, column: str, token: Any, progress: Any = gr.Progress()) -> Iterator[list[Any]]:  # noqa: B008
        if not path:
            raise NoFile
        file = Path(path)
        out = services.scratch.folder() / f"{file.stem[:60]}-classified.csv"

        def tell(said: Any) -> None:
            progress((int(said.done), int(said.total or 0)), desc=t("classify.working"))

        written, rows, escaped = services.serving.classify_csv(
            named(name), file, file.name, (column or "").strip(), out, session.owner(token), progress=tell
        )
        frame = pd.read_csv(written, dtype=str, keep_default_na=False, nrows=SHOWN_ROWS, encoding="utf-8-sig")
        note = t("classify.escaped", count=escaped) if escaped else ""
        yield [
            gr.DownloadButton(value=str(written), visible=True),
            t("classify.done", rows=rows) + " " + note,
            gr.Dataframe(frame, visible=True),
        ]

    def snippets(name: str | None, request: gr.Request) -> list[str]:
        url = str(request.base_url).rstrip("/") if request else "http://127.0.0.1:7860"
        run = name or "RUN_ID"
        return [python_snippet(url, run), javascript_snippet(url, run), curl_snippet(url, run)]

    gr.Markdown(t("classify.intro"), elem_classes=["lead"])
    with gr.Row(elem_classes=["inline"]):
        model = gr.Dropdown(
            label=t("classify.model"), info=t("classify.model_help"), choices=[], allow_custom_value=True, elem_id="classify-model",
            interactive=True, scale=4,
        )  # fmt: skip
        again = gr.Button(t("classify.refresh"), size="sm", scale=1, min_width=110, elem_id="classify-refresh")
    said = notice("classify-notice")
    with gr.Tabs():
        with gr.Tab(t("classify.one"), elem_id="classify-tab-one"), gr.Row(elem_classes=["split"]):
            with gr.Column(min_width=300):
                text = gr.Textbox(value="", label=t("classify.text"), placeholder=t("classify.text_hint"), lines=4, elem_id="classify-text")
                ask = gr.Button(t("classify.ask"), variant="primary", elem_id="classify-ask")
            answer = gr.Label(label=t("classify.answer"), num_top_classes=SHOWN_CLASSES, elem_id="classify-answer", min_width=300)
        with gr.Tab(t("classify.many"), elem_id="classify-tab-many"):
            lines = gr.Textbox(value="", label=t("classify.lines"), placeholder=t("classify.lines_hint"), lines=6, elem_id="classify-lines")
            ask_many = gr.Button(t("classify.ask"), variant="primary", elem_id="classify-ask-many")
            answers = gr.Dataframe(label=t("classify.answers"), interactive=False, wrap=True, max_height=420, elem_id="classify-answers",
                                   datatype="str")  # fmt: skip
        with gr.Tab(t("classify.table"), elem_id="classify-tab-table"):
            gr.Markdown(t("classify.table_help"), elem_classes=["help"])
            with gr.Row(equal_height=True):
                file = gr.File(label=t("finetune.data.file"), height=130, elem_id="classify-file", scale=3)
                column = gr.Textbox(
                    value="", label=t("classify.column"), placeholder=t("classify.column_hint"), scale=2, elem_id="classify-column"
                )
            ask_table = gr.Button(t("classify.ask"), variant="primary", elem_id="classify-ask-table")
            done_line = gr.Markdown(elem_classes=["help"], elem_id="classify-done")
            save = gr.DownloadButton(t("classify.download"), visible=False, elem_id="classify-download")
            shown = gr.Dataframe(
                label=t("classify.first_rows"), interactive=False, wrap=True, visible=False, max_height=360, datatype="str",
                elem_id="classify-table",
            )  # fmt: skip
        with gr.Tab(t("classify.api"), elem_id="classify-tab-api"):
            gr.Markdown(t("classify.api_help"), elem_classes=["help"])
            codes = [
                gr.Code(language=language, label=label, interactive=False, elem_id=f"classify-code-{label.lower()}")
                for language, label in (("python", "Python"), ("javascript", "JavaScript"), ("shell", "curl"))
            ]

    common = {"t": t, "notice": said}
    wire(ask.click, one, [model, text, session.token], [answer], **common)
    wire(text.submit, one, [model, text, session.token], [answer], **common)
    wire(ask_many.click, many, [model, lines, session.token], [answers], **common)
    wire(ask_table.click, table, [model, file, column, session.token], [save, done_line, shown], **{**common, "show_progress": "full"})
    wire(again.click, choices, [session.token, session.run, model], [model], **common)
    # A run that was just trained or chosen elsewhere is the one to ask; pressing Refresh keeps what stands here.
    session.run.change(
        lambda token, stored: choices(token, stored, None),
        [session.token, session.run],
        [model],
        show_progress="hidden",
        api_visibility="private",
    )
    model.change(snippets, model, codes, show_progress="hidden", api_visibility="private")
    session.on_ready(choices, [session.token, session.run, model], [model])


TAB = Tab("classify", 20, build)
