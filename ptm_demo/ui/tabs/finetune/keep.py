"""Step 6: the runs that were kept: compare, rename, delete, download, and the code that makes them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
import pandas as pd

from ptm_demo.errors import RunNotFound
from ptm_demo.results import RunSummary
from ptm_demo.services import Services
from ptm_demo.services.runs import EXPORT_FORMATS
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import duration, megabytes, percent
from ptm_demo.ui.session import Session, stored_id
from ptm_demo.ui.tabs.finetune.step import Step
from ptm_demo.ui.wire import download, notice, wire


def build(services: Services, session: Session, t: Translator) -> Step:
    def refresh(token: Any, stored: Any) -> list[Any]:
        return listing(session.owner(token), stored_id(stored))

    def listing(owner: str, wanted: str) -> list[Any]:
        runs = services.runs.list(owner)
        choices = [(run.name, run.id) for run in runs]
        chosen = wanted if any(run.id == wanted for run in runs) else (runs[0].id if runs else None)
        return [
            t("finetune.keep.none") if not runs else t("finetune.keep.count", count=len(runs)),
            table(runs),
            gr.Dropdown(choices=choices, value=chosen),
            gr.Dropdown(choices=choices, value=[run.id for run in runs[:2]] if len(runs) > 1 else []),
            gr.Column(visible=bool(runs)),
            *code_of(chosen, owner),
            next((run.name for run in runs if run.id == chosen), ""),
            gr.Row(visible=False),
            comparison([run.id for run in runs[:2]] if len(runs) > 1 else [], owner),
        ]

    def table(runs: Sequence[RunSummary]) -> pd.DataFrame:
        names = [t("finetune.keep.name"), t("finetune.keep.created"), t("finetune.keep.base"), t("metric.accuracy"), t("metric.macro_f1"),
                 t("finetune.keep.rows"), t("finetune.keep.took"), t("finetune.keep.size")]  # fmt: skip
        rows = [
            (run.name, run.created[:16].replace("T", " "), run.base_model, percent(run.accuracy), f"{run.macro_f1:.3f}", run.rows,
             duration(run.seconds), megabytes(run.bytes))
            for run in runs
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=names)

    def code_of(run_id: str | None, owner: str) -> list[str]:
        if not run_id:
            return ["", ""]
        return list(services.runs.code(services.runs.get(run_id, owner)))

    def choose(run_id: str | None, token: Any) -> list[Any]:
        owner = session.owner(token)
        if not run_id:
            raise RunNotFound(run="")
        run = services.runs.get(run_id, owner)
        return [run_id, *code_of(run_id, owner), run.summary.name, gr.Row(visible=False)]

    def comparison(run_ids: list[str], owner: str) -> pd.DataFrame:
        """Runs side by side, one a column; the settings that differ are among the lines."""
        if not run_ids:
            return pd.DataFrame({t("finetune.keep.compare_line"): []})
        lines: dict[str, list[str]] = {}
        details = [services.runs.details(services.runs.get(run_id, owner)) for run_id in run_ids[:6]]

        def line(name: str, values: list[Any]) -> None:
            lines[name] = [str(value) for value in values]

        between = "–"
        line(t("metric.accuracy"), [percent(d.metrics.accuracy) for d in details])
        intervals = [d.metrics.accuracy_interval for d in details]
        line(t("finetune.keep.interval"), [f"{percent(i.low)} {between} {percent(i.high)}" for i in intervals])
        line(t("metric.macro_f1"), [f"{d.metrics.macro_f1:.3f}" for d in details])
        line(t("metric.ece"), [f"{d.metrics.calibration.ece:.3f}" for d in details])
        line(t("finetune.judge.heldout"), [d.metrics.n for d in details])
        line(t("finetune.keep.took"), [duration(d.summary.seconds) for d in details])
        for knob in sorted({knob for d in details for knob in d.config}):
            values = [d.config.get(knob, "–") for d in details]
            if knob in ("model_id", "preset") or len({str(value) for value in values}) > 1:
                line(t(f"knob.{knob}.label") if t.has(f"knob.{knob}.label") else knob, values)
        frame = pd.DataFrame.from_dict(lines, orient="index", columns=_distinct([d.summary.name for d in details]))
        frame.insert(0, t("finetune.keep.compare_line"), frame.index)
        return frame

    def compare(run_ids: list[str], token: Any) -> pd.DataFrame:
        return comparison(run_ids or [], session.owner(token))

    def rename(run_id: str | None, name: str, token: Any) -> list[Any]:
        owner = session.owner(token)
        services.runs.rename(run_id or "", name, owner)
        return listing(owner, run_id or "")

    def delete(run_id: str | None, token: Any) -> list[Any]:
        owner = session.owner(token)
        services.runs.delete(run_id or "", owner)
        services.serving.forget(run_id or "")
        return listing(owner, "")

    def exported(kind: str, run_id: str | None, token: Any) -> str:
        run = services.runs.get(run_id or "", session.owner(token))
        return str(services.runs.export_zip(run, kind, services.scratch.folder()))

    said = notice("keep-notice")
    count = gr.Markdown(elem_classes=["help"], elem_id="keep-count")
    runs_table = gr.Dataframe(label=t("finetune.keep.runs"), interactive=False, max_height=320, elem_id="keep-runs", datatype="str")
    with gr.Column(visible=False) as panel:
        with gr.Row(elem_classes=["split"], equal_height=False):
            with gr.Column(min_width=300):
                chosen = gr.Dropdown(label=t("finetune.keep.chosen"), choices=[], elem_id="keep-run", interactive=True)
                with gr.Row(elem_classes=["inline"]):
                    new_name = gr.Textbox(value="", label=t("finetune.keep.rename_to"), max_length=80, elem_id="keep-name", scale=3)
                    do_rename = gr.Button(t("finetune.keep.rename"), size="sm", elem_id="keep-rename", scale=1, min_width=90)
            with gr.Column(min_width=300):
                gr.Markdown(t("finetune.keep.download_help"), elem_classes=["help"])
                with gr.Row():
                    for kind in EXPORT_FORMATS:
                        download(
                            t(f"finetune.keep.download.{kind}"), exported, [gr.State(kind), chosen, session.token],
                            elem_id=f"keep-download-{kind}", t=t, notice=said,
                        )  # fmt: skip
                ask_delete = gr.Button(t("finetune.keep.delete"), size="sm", elem_id="keep-delete")
                with gr.Row(visible=False) as sure:
                    gr.Markdown(t("finetune.keep.delete_sure"), elem_classes=["help"])
                    do_delete = gr.Button(t("finetune.keep.delete_yes"), size="sm", variant="stop", elem_id="keep-delete-yes")
                    no_delete = gr.Button(t("finetune.keep.delete_no"), size="sm", elem_id="keep-delete-no")
        with gr.Accordion(t("finetune.keep.compare"), open=False):
            pick = gr.Dropdown(label=t("finetune.keep.compare_pick"), choices=[], multiselect=True, max_choices=6, elem_id="keep-compare",
                               interactive=True)  # fmt: skip
            side_by_side = gr.Dataframe(show_label=False, interactive=False, wrap=True, elem_id="keep-comparison", datatype="str")
        with gr.Accordion(t("finetune.keep.code"), open=False):
            gr.Markdown(t("finetune.keep.code_help"), elem_classes=["help"])
            script = gr.Code(language="python", label="Python", interactive=False, elem_id="keep-script")
            command = gr.Code(language="shell", label=t("finetune.keep.command"), interactive=False, elem_id="keep-command")

    outputs = [count, runs_table, chosen, pick, panel, script, command, new_name, sure, side_by_side]
    common = {"t": t, "notice": said}
    wire(chosen.input, choose, [chosen, session.token], [session.run, script, command, new_name, sure], **common)
    wire(pick.change, compare, [pick, session.token], [side_by_side], **common)
    wire(do_rename.click, rename, [chosen, new_name, session.token], outputs, **common)
    ask_delete.click(lambda: gr.Row(visible=True), None, sure, show_progress="hidden", api_visibility="private")
    no_delete.click(lambda: gr.Row(visible=False), None, sure, show_progress="hidden", api_visibility="private")
    wire(do_delete.click, delete, [chosen, session.token], outputs, **common)
    return Step(refresh=refresh, inputs=[session.token, session.run], outputs=outputs)


def _distinct(names: list[str]) -> list[str]:
    """Two runs may share a name; a table's columns may not."""
    return [name if names.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(names)]
