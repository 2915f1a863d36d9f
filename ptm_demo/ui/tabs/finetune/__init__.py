"""Fine-tune: from a file to a classifier that can be trusted, in six steps.

Each step is one module with `build(...)`, which lays it out and returns what the next step needs to know. This file
only puts them in order and says what follows what.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ptm_demo.services import Services
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.session import Session
from ptm_demo.ui.tab import Tab
from ptm_demo.ui.tabs.finetune import data, judge, keep, plan, report, train

DATA, REPORT, PLAN, TRAIN, JUDGE, KEEP = range(1, 7)


def build(services: Services, session: Session, t: Translator) -> None:
    gr.Markdown(t("finetune.intro"), elem_classes=["lead"])
    # Tabs, not gr.Walkthrough: a visitor who comes back for a run must be able to go straight to the last step.
    with gr.Tabs(selected=DATA, elem_id="finetune-steps") as steps:
        with gr.Tab(t("finetune.data.step"), id=DATA, elem_id="step-data"):
            data_step = data.build(services, session, t)
        with gr.Tab(t("finetune.report.step"), id=REPORT, elem_id="step-report") as report_tab:
            report_step = report.build(services, session, t)
        with gr.Tab(t("finetune.plan.step"), id=PLAN, elem_id="step-plan"):
            plan_step = plan.build(services, session, t)
        with gr.Tab(t("finetune.train.step"), id=TRAIN, elem_id="step-train"):
            train_step = train.build(services, session, t)
        with gr.Tab(t("finetune.judge.step"), id=JUDGE, elem_id="step-judge") as judge_tab:
            judge_step = judge.build(services, session, t)
        with gr.Tab(t("finetune.keep.step"), id=KEEP, elem_id="step-keep") as keep_tab:
            keep_step = keep.build(services, session, t)

    def go(step: int) -> gr.Tabs:
        return gr.Tabs(selected=step)

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    data_step.done.success(lambda: go(REPORT), None, steps, **quiet)
    report_step.back.click(lambda: go(DATA), None, steps, **quiet)
    report_step.done.success(lambda: go(PLAN), None, steps, **quiet)
    planned = report_step.done.success(plan_step.refresh, plan_step.inputs, plan_step.outputs, **quiet)
    if plan_step.measure_on:
        plan_step.measure_on(planned.success)
    plan_step.back.click(lambda: go(REPORT), None, steps, **quiet)
    plan_step.done.success(lambda: go(TRAIN), None, steps, **quiet)
    plan_step.done.success(train_step.refresh, train_step.inputs, train_step.outputs, **quiet)
    train_step.judge.click(lambda: go(JUDGE), None, steps, **quiet)
    train_step.again.click(lambda: go(PLAN), None, steps, **quiet)
    judge_step.keep.click(lambda: go(KEEP), None, steps, **quiet)

    # Whoever comes to a step, by its number or led there by `go`, sees it as things stand now.
    for tab, step in ((report_tab, report_step), (judge_tab, judge_step), (keep_tab, keep_step)):
        tab.select(step.refresh, step.inputs, step.outputs, **quiet)

    for step in (data_step, report_step, plan_step, train_step, judge_step, keep_step):
        session.on_ready(step.refresh, step.inputs, step.outputs)
    session.on_ready(_where(services, session), [session.token, session.work], [steps])


def _where(services: Services, session: Session) -> Callable[[object, object], Any]:
    """After a reload: the step at which this visitor was."""

    def where(token: object, stored: object) -> Any:
        owner = session.owner(token)
        job = services.training.current(owner)
        if job is not None and job.state in ("running", "stopping", "queued"):
            return gr.Tabs(selected=TRAIN)
        return gr.skip()

    return where


TAB = Tab("finetune", 10, build)
