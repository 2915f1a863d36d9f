"""Step 5: how good the run is on rows it never saw, and against what."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pandas as pd

from ptm_demo.errors import RunNotFound
from ptm_demo.results import HeldOutRow
from ptm_demo.services import Services
from ptm_demo.services.runs import RunDetails
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import COLOURS, duration, percent, tiles
from ptm_demo.ui.session import Session, stored_id
from ptm_demo.ui.tabs.finetune.confusion import confusion_frame, most_confused
from ptm_demo.ui.tabs.finetune.step import Step
from ptm_demo.ui.wire import notice, wire

MISTAKES = 20
SUSPECTS = 50
WIDTHS = ["64px", "auto", "130px", "130px", "110px"]


def build(services: Services, session: Session, t: Translator) -> Step:
    def refresh(token: Any, stored: Any) -> list[Any]:
        """Choose the visitor's run (else the newest) and show it."""
        wanted, owner = stored_id(stored), session.owner(token)
        runs = services.runs.list(owner)
        if not runs:
            return [gr.Dropdown(choices=[], value=None), gr.Column(visible=False), *[gr.skip()] * 9]
        chosen = wanted if any(run.id == wanted for run in runs) else runs[0].id
        return [gr.Dropdown(choices=[(run.name, run.id) for run in runs], value=chosen), *show(chosen, owner)]

    def choose(run_id: str | None, token: Any) -> list[Any]:
        if not run_id:
            raise RunNotFound(run="")
        return [run_id, *show(run_id, session.owner(token))]

    def show(run_id: str, owner: str) -> list[Any]:
        details = services.runs.details(services.runs.get(run_id, owner))
        return [
            gr.Column(visible=True),
            headline(details),
            verdict(details),
            baseline_bars(details),
            per_class(details),
            confusion_frame(details.metrics, t("finetune.judge.true_label")),
            calibration_curve(details),
            mistakes(details),
            suspects(details),
            cell_rows([]),
        ]

    def headline(details: RunDetails) -> str:
        metrics, interval, f1 = details.metrics, details.metrics.accuracy_interval, details.metrics.macro_f1_interval
        between = t("finetune.judge.between")
        timing = details.timing
        return tiles(
            [
                (t("metric.accuracy"), percent(metrics.accuracy), f"{percent(interval.low)} {between} {percent(interval.high)}"),
                (t("metric.macro_f1"), f"{metrics.macro_f1:.3f}", f"{f1.low:.3f} {between} {f1.high:.3f}"),
                (t("finetune.judge.heldout"), f"{metrics.n:,}", t("finetune.judge.heldout_note")),
                (t("metric.ece"), f"{metrics.calibration.ece:.3f}", t("metric.ece_note")),
                (t("finetune.judge.took"), duration(details.summary.seconds), _predicted(t, timing)),
            ]
        )

    def verdict(details: RunDetails) -> str:
        """One sentence: what tuning gained over the best cheaper method, and whether the intervals allow saying so."""
        if not details.baselines:
            return ""
        best = max(details.baselines, key=lambda baseline: baseline.accuracy)
        gain = 100 * (details.metrics.accuracy - best.accuracy)
        name = t(f"baseline.{best.name}")
        sure = details.metrics.accuracy_interval.low > best.accuracy_interval.high
        key = "sure" if gain > 0 and sure else "maybe" if gain > 0 else "none"
        return t(f"finetune.judge.verdict.{key}", gain=f"{abs(gain):.1f}", baseline=name)

    def baseline_bars(details: RunDetails) -> Any:
        rows = [(t(f"baseline_short.{b.name}"), b.accuracy) for b in details.baselines]
        rows.append((t("baseline_short.tuned"), details.metrics.accuracy))
        frame = pd.DataFrame(rows, columns=["method", "accuracy"])
        return gr.BarPlot(frame, sort=[name for name, _ in rows])

    def per_class(details: RunDetails) -> pd.DataFrame:
        names = [t("metric.label"), t("metric.precision"), t("metric.recall"), t("metric.f1"), t("metric.support")]
        rows = [(c.label, f"{c.precision:.3f}", f"{c.recall:.3f}", f"{c.f1:.3f}", c.support) for c in details.metrics.per_class]
        return pd.DataFrame(rows, columns=names)

    def calibration_curve(details: RunDetails) -> Any:
        ideal, model = t("finetune.judge.ideal"), t("finetune.judge.model")
        rows = [(0.0, 0.0, ideal), (1.0, 1.0, ideal)]
        rows += [(round(b.confidence, 4), round(b.accuracy, 4), model) for b in details.metrics.calibration.bins if b.count]
        return pd.DataFrame(rows, columns=["confidence", "accuracy", "series"])

    def rows_frame(rows: list[HeldOutRow]) -> pd.DataFrame:
        names = [
            t("finetune.row"),
            t("finetune.judge.text"),
            t("finetune.judge.true_label"),
            t("finetune.judge.said"),
            t("metric.probability"),
        ]
        return pd.DataFrame([(r.row, r.text, r.label, r.predicted, f"{r.confidence:.3f}") for r in rows], columns=names)

    def mistakes(details: RunDetails) -> pd.DataFrame:
        wrong = [row for row in details.heldout if row.label != row.predicted]
        return rows_frame(sorted(wrong, key=lambda row: -row.confidence)[:MISTAKES])

    def suspects(details: RunDetails) -> pd.DataFrame:
        names = [t("finetune.row"), t("finetune.judge.text"), t("finetune.judge.given"), t("finetune.judge.suggested"),
                 t("finetune.judge.given_probability")]  # fmt: skip
        rows = [(s.row, s.text, s.label, s.suggested, f"{s.label_probability:.3f}") for s in details.suspects[:SUSPECTS]]
        return pd.DataFrame(rows, columns=names)

    def cell_rows(rows: list[HeldOutRow]) -> Any:
        return gr.Dataframe(rows_frame(rows), visible=bool(rows))

    def open_cell(run_id: str, token: Any, event: gr.SelectData) -> Any:
        details = services.runs.details(services.runs.get(run_id, session.owner(token)))
        labels = most_confused(details.metrics)
        row, column = event.index
        if column == 0 or row >= len(labels) or column > len(labels):
            return cell_rows([])
        true, predicted = labels[row], labels[column - 1]
        return cell_rows([r for r in details.heldout if r.label == true and r.predicted == predicted])

    said = notice("judge-notice")
    chooser = gr.Dropdown(label=t("finetune.judge.run"), choices=[], elem_id="judge-run", interactive=True)
    with gr.Column(visible=False, elem_id="judge-panel") as panel:
        figures = gr.HTML(padding=False, elem_id="judge-figures")
        sentence = gr.Markdown(elem_id="judge-verdict", elem_classes=["verdict"])
        with gr.Row(elem_classes=["split"]):
            bars = gr.BarPlot(
                x="method", y="accuracy", title=t("finetune.judge.baselines"),
                x_title=" ", y_title=t("metric.accuracy"), y_lim=[0, 1], height=280, min_width=300, elem_id="judge-baselines",
            )  # fmt: skip
            calibration = gr.LinePlot(
                x="confidence", y="accuracy", color="series", color_title=" ",
                color_map=dict(zip((t("finetune.judge.model"), t("finetune.judge.ideal")), (COLOURS[0], "#9b9e9c"), strict=True)),
                title=t("finetune.judge.calibration"), x_title=t("finetune.judge.confidence"), y_title=t("finetune.judge.right"),
                x_lim=[0, 1], y_lim=[0, 1], height=280, min_width=300, elem_id="judge-calibration",
            )  # fmt: skip
        gr.Markdown(t("finetune.judge.calibration_help"), elem_classes=["help"])
        gr.Markdown(t("finetune.judge.confusion_help"), elem_classes=["help"])
        matrix = gr.Dataframe(label=t("finetune.judge.confusion"), interactive=False, elem_id="judge-confusion", max_height=420)
        cell = gr.Dataframe(label=t("finetune.judge.cell"), interactive=False, wrap=True, visible=False, max_height=320,
                            elem_id="judge-cell", datatype="str", column_widths=WIDTHS)  # fmt: skip
        classes = gr.Dataframe(label=t("finetune.judge.per_class"), interactive=False, elem_id="judge-classes", max_height=360)
        with gr.Accordion(t("finetune.judge.mistakes"), open=True):
            gr.Markdown(t("finetune.judge.mistakes_help"), elem_classes=["help"])
            wrong = gr.Dataframe(show_label=False, interactive=False, wrap=True, max_height=320, elem_id="judge-mistakes", datatype="str",
                                 column_widths=WIDTHS)  # fmt: skip
        with gr.Accordion(t("finetune.judge.suspects"), open=False):
            gr.Markdown(t("finetune.judge.suspects_help"), elem_classes=["help"])
            doubtful = gr.Dataframe(
                show_label=False,
                interactive=False,
                wrap=True,
                max_height=320,
                elem_id="judge-suspects",
                datatype="str",
                column_widths=WIDTHS,
            )
    with gr.Row(elem_classes=["actions"]):
        keep = gr.Button(t("finetune.judge.keep"), variant="primary", elem_id="judge-keep")

    shown = [panel, figures, sentence, bars, classes, matrix, calibration, wrong, doubtful, cell]
    common = {"t": t, "notice": said}
    wire(chooser.input, choose, [chooser, session.token], [session.run, *shown], **common)
    wire(matrix.select, open_cell, [chooser, session.token], [cell], **common)
    return Step(refresh=refresh, inputs=[session.token, session.run], outputs=[chooser, *shown], keep=keep)


def _predicted(t: Translator, timing: dict[str, Any]) -> str:
    predicted = timing.get("predicted")
    if not predicted:
        return ""
    return t("finetune.judge.predicted", low=duration(predicted["seconds_low"]), high=duration(predicted["seconds_high"]))
