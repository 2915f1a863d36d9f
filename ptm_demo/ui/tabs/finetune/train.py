"""Step 4: watch the job. The job lives in its own process; this page only looks at it, and finds it again after a reload."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pandas as pd

from ptm_demo.errors import JobNotFound, PtmError
from ptm_demo.jobs import Job
from ptm_demo.results import CurvePoint
from ptm_demo.services import Services
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import COLOURS, duration, progress_bar, tiles
from ptm_demo.ui.session import Session, stored_id
from ptm_demo.ui.tabs.finetune.step import Step
from ptm_demo.ui.wire import notice, sentence, wire

_WATCHED = ("queued", "running", "stopping")
_POINTS = 300  # a curve of more points draws slower and shows nothing more


def build(services: Services, session: Session, t: Translator) -> Step:
    loss_names = (t("finetune.train.loss_train"), t("finetune.train.loss_eval"))
    score_names = (t("metric.accuracy"), t("metric.macro_f1"))

    def find(job_id: str, owner: str) -> Job | None:
        """The job this page watches: its own, or (after a reload elsewhere) the owner's current one."""
        if job_id:
            try:
                return services.training.job(job_id, owner)
            except JobNotFound:
                return None
        return services.training.current(owner)

    def look(token: Any, stored: Any, seen: str) -> list[Any]:
        owner = session.owner(token)
        job = find(stored_id(stored), owner)
        if job is None:
            return [gr.skip(), gr.skip(), t("finetune.train.none"), *[gr.skip()] * 3, *buttons(None), gr.Timer(active=False), ""]
        points, last = services.training.curve(job.id, owner)
        version = f"{job.id}:{last}:{job.state}"
        same = version == seen and job.state not in ("running",)
        curves = [gr.skip(), gr.skip()] if same or not points else [loss_curve(points), score_curve(points)]
        return [
            job.id if job.id != stored else gr.skip(),
            str(job.result.get("run_id", "")) if version != seen and job.state == "done" and job.result else gr.skip(),
            status(job),
            figures(job),
            *curves,
            *buttons(job),
            gr.Timer(active=job.state in _WATCHED),
            version,
        ]

    def status(job: Job) -> str:
        line = t(f"job.{job.state}", place=job.place)
        if job.state == "failed" and job.error:
            return f"{line}\n\n{sentence(t, PtmError.from_dict(job.error))}"
        if job.state == "interrupted":
            return f"{line}\n\n{t('finetune.train.interrupted')}"
        return line

    def figures(job: Job) -> str:
        progress = job.progress
        if progress is None:
            return progress_bar(None, t("job.queued", place=job.place)) if job.state in _WATCHED else ""
        now = "done" if job.state == "done" else progress.stage
        stage = t(f"stage.{now}") if t.has(f"stage.{now}") else now
        detail = progress.detail
        facts = [(t("finetune.train.stage"), stage, "")]
        if "step" in detail or progress.unit == "steps":
            step = int(detail.get("step", progress.done))
            total = f" / {int(progress.total)}" if progress.total and progress.unit == "steps" else ""
            facts.append((t("finetune.train.step_count"), f"{step}{total}", ""))
        if detail.get("rows_per_second") is not None:
            facts.append((t("finetune.train.speed"), f"{detail['rows_per_second']:.0f}", t("finetune.rows_per_second")))
        if detail.get("seconds_left") is not None and job.state == "running":
            facts.append((t("finetune.train.left"), duration(detail["seconds_left"]), ""))
        facts.append((t("finetune.train.elapsed"), duration(job.seconds), ""))
        bar = progress_bar(1.0 if job.state == "done" else progress.fraction, stage) if job.state in (*_WATCHED, "done") else ""
        return bar + tiles(facts)

    def buttons(job: Job | None) -> list[Any]:
        state = job.state if job else ""
        return [
            gr.Button(visible=state in ("queued", "running")),
            gr.Button(visible=state in ("stopped", "interrupted", "failed")),
            gr.Button(visible=state == "done"),
            gr.Button(visible=state in ("done", "stopped", "failed", "interrupted", "")),
        ]

    def loss_curve(points: list[CurvePoint]) -> pd.DataFrame:
        train, held = loss_names
        rows = [(p.step, p.loss, train) for p in _thin([p for p in points if p.loss is not None])]
        rows += [(p.step, p.eval_loss, held) for p in points if p.eval_loss is not None]
        return pd.DataFrame(rows, columns=["step", "value", "series"])

    def score_curve(points: list[CurvePoint]) -> pd.DataFrame:
        accuracy, f1 = score_names
        rows = [(p.step, p.eval_accuracy, accuracy) for p in points if p.eval_accuracy is not None]
        rows += [(p.step, p.eval_macro_f1, f1) for p in points if p.eval_macro_f1 is not None]
        return pd.DataFrame(rows, columns=["step", "value", "series"])

    def stop(token: Any, stored: Any, seen: str) -> list[Any]:
        services.training.stop(stored_id(stored), session.owner(token))
        return look(token, stored, seen)

    def resume(token: Any, stored: Any, seen: str) -> list[Any]:
        services.training.resume(stored_id(stored), session.owner(token))
        return look(token, stored, seen)

    said = notice("train-notice")
    state_line = gr.Markdown(t("finetune.train.none"), elem_id="train-state", elem_classes=["status"], latex_delimiters=[])
    numbers = gr.HTML(padding=False, elem_id="train-figures")
    with gr.Row(elem_classes=["split"]):
        # No first value: a plot that once drew an empty frame never draws a line again.
        loss = gr.LinePlot(
            x="step", y="value", color="series", color_map=dict(zip(loss_names, COLOURS, strict=True)), color_title=" ",
            title=t("finetune.train.loss"), x_title=t("finetune.train.step_axis"),
            y_title=" ", height=260, min_width=300, elem_id="train-loss",
        )  # fmt: skip
        score = gr.LinePlot(
            x="step", y="value", color="series", color_map=dict(zip(score_names, COLOURS, strict=True)), color_title=" ",
            title=t("finetune.train.score"), x_title=t("finetune.train.step_axis"),
            y_title=" ", y_lim=[0, 1], height=260, min_width=300, elem_id="train-score",
        )  # fmt: skip
    gr.Markdown(t("finetune.train.help"), elem_classes=["help"])
    with gr.Row(elem_classes=["actions"]):
        halt = gr.Button(t("finetune.train.stop"), variant="stop", visible=False, elem_id="train-stop")
        again = gr.Button(t("finetune.train.again"), visible=False, elem_id="train-again")
        more = gr.Button(t("finetune.train.resume"), visible=False, elem_id="train-resume")
        judge = gr.Button(t("finetune.train.judge"), variant="primary", visible=False, elem_id="train-judge")
    timer = gr.Timer(1.0, active=False)
    seen = gr.State("")

    inputs = [session.token, session.job, seen]
    outputs = [session.job, session.run, state_line, numbers, loss, score, halt, more, judge, again, timer, seen]
    common = {"t": t, "notice": said, "show_progress": "hidden"}
    wire(timer.tick, look, inputs, outputs, **common)
    wire(halt.click, stop, inputs, outputs, **common)
    wire(more.click, resume, inputs, outputs, **common)
    return Step(refresh=look, inputs=inputs, outputs=outputs, judge=judge, again=again)


def _thin(points: list[CurvePoint]) -> list[CurvePoint]:
    stride = max(1, -(-len(points) // _POINTS))
    return points[::-1][::stride][::-1]  # the newest point always stays
