"""Step 2: what is wrong with the data, all at once, and the fixes to tick."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pandas as pd

from ptm_demo.data import FIXES
from ptm_demo.errors import DataNotReady, DatasetNotFound
from ptm_demo.results import CsvReport, Problem
from ptm_demo.services import Services
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import escape_markdown, percent, shorten, tiles
from ptm_demo.ui.session import Session, Work
from ptm_demo.ui.tabs.finetune.step import Step
from ptm_demo.ui.wire import download, notice, wire

SHOWN_CLASSES = 30  # more bars than this cannot be read
_SIGNS = {"error": "✕", "warning": "!", "info": "i"}


def build(services: Services, session: Session, t: Translator) -> Step:
    def refresh(token: Any, stored: Any) -> list[Any]:
        """The report on the table as it was uploaded, with every useful fix ticked."""
        work = Work.of(stored)
        if not (work.dataset_id and work.text_column and work.label_column):
            return [gr.skip()] * 10
        owner = session.owner(token)
        try:
            raw = services.data.report(_without_fixes(work).choice, owner)
        except DatasetNotFound:
            return [gr.skip()] * 10
        offered = offered_fixes(raw)
        ticked = [fix for fix in work.fixes if fix in offered] if work.fixes_chosen else list(offered)
        work = work.but(fixes=tuple(ticked))
        choices = [(t(f"fix.{fix}", count=found.count), fix) for fix, found in offered.items()]
        after, ready = outcome(work, owner, None if ticked else raw)
        return [
            work.to_json() if work.to_json() != stored else gr.skip(),
            gr.Column(visible=True),
            summary(raw),
            problems(raw),
            gr.CheckboxGroup(choices=choices, value=ticked, visible=bool(choices)),
            after,
            class_bars(raw),
            length_bars(raw),
            gr.Button(visible=bool(choices)),
            ready,
        ]

    def tick(fixes: list[str], token: Any, stored: Any) -> list[Any]:
        work = Work.of(stored).but(fixes=tuple(fixes), fixes_chosen="yes")
        after, ready = outcome(work, session.owner(token))
        return [work.to_json(), after, ready]

    def outcome(work: Work, owner: str, report: CsvReport | None = None) -> tuple[str, Any]:
        """What the ticked fixes leave, and whether that can be trained on; `report`: of just that, where it is known."""
        report = report or services.data.report(work.choice, owner)
        errors = [problem for problem in report.problems if problem.severity == "error"]
        if errors:
            listed = " ".join(problem_text(problem) for problem in errors)
            return t("finetune.report.blocked", problems=listed), gr.Button(interactive=False)
        whole = len(services.data.table(work.dataset_id, owner).frame)
        return t("finetune.report.left", rows=report.usable_rows, of=whole, classes=len(report.labels)), gr.Button(interactive=True)

    def summary(report: CsvReport) -> str:
        unit = t(f"finetune.report.unit.{report.length_unit}")
        truncated = "–" if report.truncated is None else percent(report.truncated)
        return tiles(
            [
                (t("finetune.report.rows"), f"{report.rows:,}", ""),
                (t("finetune.report.classes"), str(len(report.labels)), ""),
                (t("finetune.report.length"), f"{report.median_length:.0f}", unit),
                (t("finetune.report.truncated"), truncated, t("finetune.report.truncated_note", length=report.max_length)),
                (t("finetune.report.majority"), percent(report.majority_accuracy), t("finetune.report.majority_note")),
            ]
        )

    def problem_text(problem: Problem) -> str:
        facts = {name: escape_markdown(str(fact)) for name, fact in problem.params.items()}
        key = f"problem.{problem.code}"
        return t(key, **{"count": problem.count, **facts}) if t.has(key) else escape_markdown(problem.message)

    def problems(report: CsvReport) -> str:
        if not report.problems:
            return t("finetune.report.clean")
        order = {"error": 0, "warning": 1, "info": 2}
        lines = []
        for problem in sorted(report.problems, key=lambda found: (order[found.severity], -found.count)):
            line = f"- **{_SIGNS[problem.severity]} {t('severity.' + problem.severity)}** · {problem_text(problem)}"
            if problem.rows:
                more = " …" if problem.count > len(problem.rows[:8]) else ""
                line += f"  \n  {t('finetune.report.in_rows', rows=', '.join(map(str, problem.rows[:8])) + more)}"
            line += "".join(f"  \n  “{escape_markdown(shorten(example, 90))}”" for example in problem.examples[:2])
            lines.append(line)
        return "\n".join(lines)

    def class_bars(report: CsvReport) -> Any:
        shown = list(report.labels.items())[:SHOWN_CLASSES]
        frame = pd.DataFrame({"label": [shorten(label, 24) for label, _ in shown], "rows": [rows for _, rows in shown]})
        return gr.BarPlot(frame, x="label", y="rows", sort="-y", y_lim=[0, max(frame["rows"], default=1) * 1.05])

    def length_bars(report: CsvReport) -> Any:
        frame = pd.DataFrame([(f"{low:.0f}–{high:.0f}", rows) for low, high, rows in report.lengths], columns=["length", "rows"])
        unit = t(f"finetune.report.unit.{report.length_unit}")
        return gr.BarPlot(
            frame, x="length", y="rows", sort=list(frame["length"]), x_title=unit, y_lim=[0, max(frame["rows"], default=1) * 1.05]
        )

    def mended(token: Any, stored: Any) -> str:
        path, _ = services.data.export_fixed(Work.of(stored).choice, session.owner(token), services.scratch.folder())
        return str(path)

    def go_on(token: Any, stored: Any) -> Any:
        work = Work.of(stored)
        report = services.data.report(work.choice, session.owner(token))
        errors = [problem for problem in report.problems if problem.severity == "error"]
        if errors:
            raise DataNotReady(count=len(errors))
        return work.to_json()

    said = notice("report-notice")
    with gr.Column(visible=False, elem_id="report") as panel:
        figures = gr.HTML(padding=False, elem_id="report-figures")
        with gr.Row(elem_classes=["split"]):
            with gr.Column(scale=3, min_width=320):
                gr.Markdown(t("finetune.report.problems"), elem_classes=["caption"])
                found = gr.Markdown(elem_id="report-problems", elem_classes=["problems"], latex_delimiters=[])
            with gr.Column(scale=2, min_width=280):
                fixes = gr.CheckboxGroup(
                    choices=[(fix, fix) for fix in FIXES], label=t("finetune.report.fixes"), info=t("finetune.report.fixes_help"),
                    elem_id="report-fixes", interactive=True,
                )  # fmt: skip
                left = gr.Markdown(elem_id="report-left", elem_classes=["help"], latex_delimiters=[])
                save = download(
                    t("finetune.report.download"), mended, [session.token, session.work], elem_id="report-download", t=t, notice=said
                )
        with gr.Row(elem_classes=["split"]):
            balance = gr.BarPlot(
                x="label", y="rows", title=t("finetune.report.balance"), x_title=" ", y_title=t("finetune.report.rows"), height=240,
                min_width=300,                elem_id="report-balance", x_label_angle=-30,
            )  # fmt: skip
            lengths = gr.BarPlot(
                x="length", y="rows", title=t("finetune.report.lengths"), y_title=t("finetune.report.rows"), height=240,
                min_width=300,                elem_id="report-lengths", x_label_angle=-30,
            )  # fmt: skip
    with gr.Row(elem_classes=["actions"]):
        back = gr.Button(t("common.back"), elem_id="report-back")
        proceed = gr.Button(t("finetune.report.next"), variant="primary", elem_id="report-next")

    inputs = [session.token, session.work]
    common = {"t": t, "notice": said}
    wire(fixes.input, tick, [fixes, *inputs], [session.work, left, proceed], **common)
    done = wire(proceed.click, go_on, inputs, [session.work], leads_on=True, **common)
    outputs = [session.work, panel, figures, found, fixes, left, balance, lengths, save, proceed]
    return Step(refresh=refresh, inputs=inputs, outputs=outputs, done=done, back=back)


def offered_fixes(report: CsvReport) -> dict[str, Problem]:
    """The fixes that some problem asks for, in the order in which they are applied, each with the problem it mends."""
    by_fix: dict[str, Problem] = {}
    for problem in report.problems:
        if problem.fix and (problem.fix not in by_fix or problem.count > by_fix[problem.fix].count):
            by_fix[problem.fix] = problem
    return {fix: by_fix[fix] for fix in FIXES if fix in by_fix}


def _without_fixes(work: Work) -> Work:
    return work.but(fixes=())
