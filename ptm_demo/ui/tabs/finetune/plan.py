"""Step 3: which model, how long, and what it will cost on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ptm_demo.errors import NoFile, PtmError
from ptm_demo.results import Estimate
from ptm_demo.services import Services
from ptm_demo.services.training import TrainingPlan
from ptm_demo.tuning.config import PRESETS, TARGETS, TuneConfig
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import duration, megabytes, tiles
from ptm_demo.ui.session import Session, Work
from ptm_demo.ui.tabs.finetune.step import Step
from ptm_demo.ui.wire import notice, wire

_DEFAULT = TuneConfig()


def build(services: Services, session: Session, t: Translator) -> Step:
    def choose_model(token: Any, stored: Any) -> list[Any]:
        """The shelf's models, with the one that fits the texts' language chosen."""
        work = Work.of(stored)
        models = services.training.models()
        if not work.dataset_id:
            return [gr.Dropdown(choices=models), ""]
        try:
            model = services.data.suggested_model(work.choice, session.owner(token))
        except PtmError:  # the step before says what is wrong
            return [gr.Dropdown(choices=models), ""]
        why = t(f"finetune.plan.suggested.{model.removeprefix('builtin:').replace('-', '_')}")
        return [gr.Dropdown(choices=models, value=model), why]

    def apply_preset(preset: str, model: str | None) -> list[Any]:
        config = TuneConfig.of(preset, model_id=(model or "").strip() or None)
        return [config.epochs, config.batch_size, config.max_length, config.learning_rate, config.lora_r, config.lora_alpha]

    def plan(work: Work, name: str | None, model: str | None, preset: str, knobs: tuple[Any, ...]) -> TrainingPlan:
        if not work.dataset_id:
            raise NoFile
        options = dict(zip(KNOBS, knobs, strict=True))
        options["target_modules"] = (options["target_modules"] or "").strip() or "auto"
        if options["target_modules"] not in TARGETS:
            options["target_modules"] = tuple(part.strip() for part in options["target_modules"].split(",") if part.strip())
        for whole in WHOLE:
            if options[whole] is not None:  # a cleared field takes the preset's value
                options[whole] = int(options[whole])
        return TrainingPlan(work.choice, TuneConfig.of(preset, model_id=(model or "").strip(), **options), (name or "").strip()[:80])

    def pulling(model: str) -> Iterator[str]:
        """Bring a Hub model here first, saying how far it is."""
        for progress in services.training.pulling(model):
            total = megabytes(progress.total) if progress.total else "?"
            yield t("finetune.plan.pulling", done=megabytes(progress.done), total=total)

    def measure(name: str, model: str, preset: str, *rest: Any) -> Iterator[list[Any]]:
        *knobs, token, stored = rest
        work = Work.of(stored)
        chosen = plan(work, name, model, preset, tuple(knobs))
        for said in pulling(chosen.config.model_id):
            yield [gr.skip(), said, gr.Timer(active=False)]
        job_id = services.training.start_estimate(chosen, session.owner(token))
        yield [job_id, t("finetune.plan.measuring"), gr.Timer(active=True)]

    def watch(token: Any, job_id: str) -> list[Any]:
        if not job_id:
            return [gr.skip(), gr.Timer(active=False)]
        job = services.training.job(job_id, session.owner(token))
        if job.state == "queued":
            return [t("finetune.plan.measure_waits", place=job.place), gr.skip()]
        if job.state in ("running", "stopping"):
            return [gr.skip(), gr.skip()]
        if job.state == "failed" and job.error:
            raise PtmError.from_dict(job.error)
        estimate = services.training.estimate_of(job)
        return [estimate_text(estimate) if estimate else "", gr.Timer(active=False)]

    def estimate_text(estimate: Estimate) -> str:
        time = f"{duration(estimate.seconds_low)} – {duration(estimate.seconds_high)}"
        memory = f"{megabytes(estimate.bytes_low)} – {megabytes(estimate.bytes_high)}"
        return tiles(
            [
                (t("finetune.plan.time"), time, t("finetune.plan.time_note", steps=estimate.timed_steps)),
                (t("finetune.plan.memory"), memory, t("finetune.plan.memory_note")),
                (t("finetune.plan.steps"), f"{estimate.steps:,}", f"{estimate.rows_per_second:.0f} {t('finetune.rows_per_second')}"),
            ]
        )

    def start(measured: str, name: str, model: str, preset: str, *rest: Any) -> Iterator[list[Any]]:
        *knobs, token, stored = rest
        work, owner = Work.of(stored), session.owner(token)
        chosen = plan(work, name, model, preset, tuple(knobs))
        for said in pulling(chosen.config.model_id):
            yield [gr.skip(), said]
        estimate = services.training.estimate_for(chosen, measured, owner)
        job_id = services.training.start(chosen, owner, estimate)
        yield [job_id, gr.skip()]

    gr.Markdown(t("finetune.plan.help"), elem_classes=["help"])
    said = notice("plan-notice")
    with gr.Row(elem_classes=["split"]):
        with gr.Column(min_width=300):
            model = gr.Dropdown(
                label=t("finetune.plan.model"), info=t("finetune.plan.model_help"), choices=services.training.models(),
                value=_DEFAULT.model_id, allow_custom_value=True, elem_id="plan-model", interactive=True,
            )  # fmt: skip
            why = gr.Markdown(elem_classes=["help"], elem_id="plan-why")
            name = gr.Textbox(
                value="", label=t("finetune.plan.name"), placeholder=t("finetune.plan.name_hint"), max_length=80, elem_id="plan-name"
            )
        with gr.Column(min_width=300):
            preset = gr.Radio(
                choices=[(t(f"preset.{key}"), key) for key in PRESETS], value=_DEFAULT.preset, label=t("finetune.plan.preset"),
                info=t("finetune.plan.preset_help"), elem_id="plan-preset",
            )  # fmt: skip
            estimate_box = gr.HTML(padding=False, elem_id="plan-estimate", min_height=84)
            ask = gr.Button(t("finetune.plan.measure"), size="sm", elem_id="plan-measure")
    with gr.Accordion(t("finetune.plan.advanced"), open=False, elem_id="plan-advanced"):
        knobs = _advanced(t)
    with gr.Row(elem_classes=["actions"]):
        back = gr.Button(t("common.back"), elem_id="plan-back")
        go = gr.Button(t("finetune.plan.start"), variant="primary", elem_id="plan-start")
    timer = gr.Timer(1.0, active=False)
    measured = gr.State("")  # id of the last measuring; a reload may forget it

    inputs = [session.token, session.work]
    common = {"t": t, "notice": said}
    by_name = dict(zip(KNOBS, knobs, strict=True))
    turned = [by_name[key] for key in ("epochs", "batch_size", "max_length", "learning_rate", "lora_r", "lora_alpha")]
    described = [name, model, preset, *knobs, *inputs]

    def measure_on(event: Callable[..., Any]) -> Any:
        return wire(event, measure, described, [measured, estimate_box, timer], t=t, notice=said, show_progress="hidden")

    turn = preset.input(apply_preset, [preset, model], turned, show_progress="hidden", api_visibility="private")
    model.change(apply_preset, [preset, model], turned, show_progress="hidden", api_visibility="private")
    for event in (ask.click, turn.then, model.input):
        measure_on(event)
    wire(timer.tick, watch, [session.token, measured], [estimate_box, timer], t=t, notice=said, show_progress="hidden")
    done = wire(go.click, start, [measured, *described], [session.job, estimate_box], leads_on=True, **common)
    return Step(refresh=choose_model, inputs=inputs, outputs=[model, why], done=done, back=back, measure_on=measure_on)


KNOBS = ("epochs", "batch_size", "max_length", "learning_rate", "lora_r", "lora_alpha", "lora_dropout", "target_modules", "warmup_ratio",
         "weight_decay", "early_stopping_patience", "seed", "class_weights", "eval_fraction", "test_fraction")  # fmt: skip
WHOLE = ("epochs", "batch_size", "max_length", "lora_r", "early_stopping_patience", "seed")


def _advanced(t: Translator) -> list[Any]:
    """Every knob of `KNOBS`, in that order, with a sentence of help each."""

    def text(key: str) -> dict[str, str]:
        return {"label": t(f"knob.{key}.label"), "info": t(f"knob.{key}.info"), "elem_id": f"knob-{key}"}

    with gr.Row():
        epochs = gr.Slider(0, 20, _DEFAULT.epochs, step=1, **text("epochs"))
        batch_size = gr.Slider(4, 64, _DEFAULT.batch_size, step=4, **text("batch_size"))
        max_length = gr.Slider(16, 512, _DEFAULT.max_length, step=16, **text("max_length"))
    with gr.Row():
        learning_rate = gr.Number(_DEFAULT.learning_rate, **text("learning_rate"))
        lora_r = gr.Slider(1, 64, _DEFAULT.lora_r, step=1, **text("lora_r"))
        lora_alpha = gr.Slider(1, 128, _DEFAULT.lora_alpha, step=1, **text("lora_alpha"))
    with gr.Row():
        lora_dropout = gr.Slider(0, 0.5, _DEFAULT.lora_dropout, step=0.05, **text("lora_dropout"))
        target_modules = gr.Dropdown(
            [(t(f"targets.{key}"), key) for key in ("auto", "attention", "all-linear")], value="auto", allow_custom_value=True,
            **text("target_modules"),
        )  # fmt: skip
        warmup_ratio = gr.Slider(0, 0.3, _DEFAULT.warmup_ratio, step=0.01, **text("warmup_ratio"))
    with gr.Row():
        weight_decay = gr.Slider(0, 0.2, _DEFAULT.weight_decay, step=0.01, **text("weight_decay"))
        patience = gr.Slider(0, 10, _DEFAULT.early_stopping_patience, step=1, **text("early_stopping_patience"))
        seed = gr.Number(_DEFAULT.seed, precision=0, minimum=0, **text("seed"))
    with gr.Row():
        class_weights = gr.Checkbox(_DEFAULT.class_weights, **text("class_weights"))
        eval_fraction = gr.Slider(0.05, 0.4, _DEFAULT.eval_fraction, step=0.05, **text("eval_fraction"))
        test_fraction = gr.Slider(0.05, 0.5, _DEFAULT.test_fraction, step=0.05, **text("test_fraction"))
    return [epochs, batch_size, max_length, learning_rate, lora_r, lora_alpha, lora_dropout, target_modules, warmup_ratio, weight_decay,
            patience, seed, class_weights, eval_fraction, test_fraction]  # fmt: skip
