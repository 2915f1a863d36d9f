"""`train`: from a CSV to a judged run, in this process."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ptm_demo.cli.arguments import add_columns, add_csv, add_fixes, listed, number, path, whole
from ptm_demo.cli.command import OWNER, Command, Context, Outcome
from ptm_demo.cli.interrupt import stop_on_interrupt
from ptm_demo.cli.judged import baselines_json, baselines_text, metrics_json, metrics_text
from ptm_demo.cli.problems import problems_json
from ptm_demo.cli.tables import facts, seconds
from ptm_demo.errors import BadOption
from ptm_demo.progress import CancelToken

if TYPE_CHECKING:
    from ptm_demo.services.inline import Trained
    from ptm_demo.tuning.config import TuneConfig

PRESETS = ("quick", "balanced", "thorough")


def configure(parser: argparse.ArgumentParser) -> None:
    add_csv(parser)
    add_columns(parser)
    parser.add_argument("--model", metavar="M", default="", help="a model's id or folder (default: the built-in one that fits the texts)")
    parser.add_argument("--preset", choices=PRESETS, default="balanced", help="how long and how finely to train (default: balanced)")
    parser.add_argument("--epochs", metavar="N", type=whole, help="passes over the training rows (default: the preset's)")
    parser.add_argument("--seed", metavar="S", type=whole, help="the same seed and data give the same run (default: 0)")
    parser.add_argument("--eval-csv", metavar="F", type=path, help="judge on these rows instead of on a part of CSV")
    add_fixes(parser)
    parser.add_argument("--out", metavar="DIR", type=path, help="put the run into this new folder (default: among the studio's runs)")
    parser.add_argument("--name", metavar="NAME", default="", help="the run's name in lists (default: made from model and data)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the same command, when it was stopped")
    more = parser.add_argument_group("advanced")
    more.add_argument("--batch-size", metavar="N", type=whole, help="rows of one step")
    more.add_argument("--max-length", metavar="N", type=whole, help="tokens of a text that are read")
    more.add_argument("--learning-rate", metavar="X", type=number, help="the highest learning rate")
    more.add_argument("--lora-r", metavar="N", type=whole, help="rank of the adapters")
    more.add_argument("--lora-alpha", metavar="X", type=number, help="scale of the adapters, over their rank (default: twice the rank)")
    more.add_argument("--lora-dropout", metavar="X", type=number, help="dropout inside the adapters")
    more.add_argument("--target-modules", metavar="NAME", nargs="+", help="auto, attention, all-linear, or names of modules")
    more.add_argument("--warmup-ratio", metavar="X", type=number, help="share of the steps in which the learning rate rises")
    more.add_argument("--weight-decay", metavar="X", type=number, help="AdamW's weight decay")
    more.add_argument("--label-smoothing", metavar="X", type=number, help="share of the target spread over all classes")
    more.add_argument("--token-dropout", metavar="X", type=number, help="share of the tokens hidden from the model while training")
    more.add_argument("--max-grad-norm", metavar="X", type=number, help="gradients are scaled down to this norm")
    more.add_argument("--class-weights", action="store_true", default=None, help="weigh rare classes up")
    more.add_argument(
        "--early-stopping-patience", metavar="N", type=whole, help="evaluations without a better macro-F1 before it stops; 0: never"
    )
    more.add_argument("--evals-per-epoch", metavar="N", type=whole, help="evaluations on the validation rows in one epoch")
    more.add_argument("--eval-fraction", metavar="X", type=number, help="share of the rows for validation")
    more.add_argument("--test-fraction", metavar="X", type=number, help="share of the rows for judging (unused with --eval-csv)")


# Options that a plan knows by the same name; a test compares them with the plan's own fields.
PLAN_OPTIONS = (
    "epochs", "seed", "batch_size", "max_length", "learning_rate", "lora_r", "lora_alpha", "lora_dropout", "target_modules", "warmup_ratio",
    "weight_decay", "label_smoothing", "token_dropout", "max_grad_norm", "class_weights", "early_stopping_patience", "evals_per_epoch",
    "eval_fraction", "test_fraction",
)  # fmt: skip


def run(context: Context) -> Outcome:
    from ptm_demo.services.exporting import check_new_folder
    from ptm_demo.services.files import FileChoice

    args, services = context.args, context.services
    plan = _plan(args, args.model or "builtin:minilm")  # a wrong option is told before the file is read
    if args.out is not None:
        check_new_folder(args.out)
    choice = FileChoice(args.csv, args.text, args.label, listed(args.fix), args.eval_csv)
    cancel = CancelToken()
    with stop_on_interrupt(cancel):
        checked = services.files.check(choice, model_id=args.model, max_length=plan.max_length)
        if checked.error is not None:
            raise checked.error
        pulled = services.hubs.pull(args.model or checked.report.suggested_model, progress=context.progress, cancel=cancel)
        for problem in checked.report.problems:
            if problem.severity == "warning":
                context.notice(f"warning: {problem.message}" + (f" (--fix {problem.fix})" if problem.fix else ""))
        trained = services.inline.train(
            checked, plan.but(model_id=pulled.model_id), pulled,
            owner=OWNER, name=args.name, out=args.out, resume=args.resume, progress=context.progress, cancel=cancel,
        )  # fmt: skip
    return Outcome(_payload(trained, args) | {"problems": problems_json(checked.report)}, _text(trained, args))


def _plan(args: argparse.Namespace, model_id: str) -> TuneConfig:
    from ptm_demo.tuning.config import TARGETS, TuneConfig

    chosen = {name: getattr(args, name) for name in PLAN_OPTIONS}
    if chosen["target_modules"] is not None:
        targets = listed(chosen["target_modules"])
        chosen["target_modules"] = targets[0] if len(targets) == 1 and targets[0] in TARGETS else targets
    try:
        return TuneConfig.of(args.preset, model_id=model_id, **chosen)
    except BadOption as error:
        facts_ = dict(error.params)
        option = str(facts_["option"])
        if option in PLAN_OPTIONS:
            facts_["option"] = "--" + option.replace("_", "-")
        raise BadOption(**facts_) from error


def _payload(trained: Trained, args: argparse.Namespace) -> dict[str, Any]:
    summary, details = trained.details.summary, trained.details
    return {
        "run": str(args.out) if args.out else summary.id,
        "metrics": metrics_json(details.metrics),
        "baselines": baselines_json(details.baselines),
        "seconds": summary.seconds,
        "rows_per_second": trained.rows_per_second,
        "id": summary.id,
        "name": summary.name,
        "path": str(trained.path),
        "labels": list(details.metrics.labels),
        "confusion": [list(row) for row in details.metrics.confusion],
        "rows": dict(trained.parts),
        "config": dict(details.config),
    }


def _text(trained: Trained, args: argparse.Namespace) -> str:
    summary, details = trained.details.summary, trained.details
    run_name = str(args.out) if args.out else summary.id
    head = facts(
        [
            ("run", run_name),
            ("name", summary.name),
            ("model", f"{summary.base_model}, preset {summary.preset}, seed {details.config.get('seed')}"),
            ("rows", ", ".join(f"{part} {count}" for part, count in trained.parts.items())),
            ("time", f"{seconds(summary.seconds)}, {trained.rows_per_second:.0f} rows a second while training"),
        ]
    )
    ask = f'ask it: python -m ptm_demo predict {run_name} --text "…"'
    return "\n\n".join((head, metrics_text(details.metrics), baselines_text(details.baselines, details.metrics, summary.seconds), ask))


COMMAND = Command(
    name="train",
    order=2,
    summary="Tune a pretrained model on a CSV with LoRA, judge it beside its baselines, and keep the run.",
    examples=(
        "python -m ptm_demo train reviews.csv",
        "python -m ptm_demo train reviews.csv --preset quick --fix all --out my-run",
        "python -m ptm_demo train train.csv --eval-csv test.csv --model builtin:e5-small --seed 1",
    ),
    keys={
        "": "run (its id, or the folder given with --out), metrics {n, accuracy, accuracy_interval, macro_f1, macro_f1_interval, loss, "
        "per_class, calibration}, baselines [{name, accuracy, accuracy_interval, macro_f1, seconds}], seconds, rows_per_second, id, name, "
        "path, labels, confusion, rows {train, eval, test}, config, problems"
    },
    configure=configure,
    run=run,
    stopped="Stopped; run the same command with --resume to go on from its last checkpoint.",
)
