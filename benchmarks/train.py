"""Training speed and accuracy beside Hugging Face's Trainer with PEFT, in one run on the same rows, seed and epochs.

    python benchmarks/train.py [--train train.csv --test test.csv] [--rows 1500] [--epochs 3] [--seeds 0] [--json]

Without files of your own it takes the English example that ships, which says something of speed and little of quality.

Machines are noisy: only the ratio within one run means something. The two take turns, seed by seed. The reference is the
usual recipe: LoRA r 8 on query and value, dropout 0.1, learning rate 5e-4, batches of 16 in random order, dynamic padding.
Ours is the Balanced preset with the same rows, epochs and batch size. Both see no validation rows and keep their last weights.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ptm_demo.settings import Settings, prepare_process


@dataclass(frozen=True)
class Figures:
    """One training: rows/s of the training loop alone, accuracy on all test rows."""

    method: str
    seed: int
    rows_per_second: float
    seconds: float
    accuracy: float
    trainable: int


def main() -> None:
    prepare_process()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, help="CSV with the columns text and label")
    parser.add_argument("--test", type=Path, help="another one, to judge on")
    parser.add_argument("--model", default="builtin:minilm")
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = parser.parse_args()
    if (args.train is None) != (args.test is None):
        parser.error("--train and --test go together")

    import torch

    from ptm_demo.data import EXAMPLES, read_csv, split, usable
    from ptm_demo.hubs import Hubs

    settings = Settings.from_env()
    torch.set_num_threads(args.threads or settings.threads)
    pulled = Hubs(settings).pull(args.model)
    if args.train is None:
        parts = split(usable(read_csv(next(e.path for e in EXAMPLES if e.name == "support_en")), "text", "label"), seed=0)
        rows, test = parts.train, parts.test
    else:
        rows, test = usable(read_csv(args.train), "text", "label"), usable(read_csv(args.test), "text", "label")
    found: list[Figures] = []
    for seed in (int(text) for text in args.seeds.split(",")):
        chosen = rows.take(sorted(np.random.default_rng(seed).permutation(len(rows))[: args.rows].tolist()))
        for method in (reference, ours):
            found.append(method(chosen, test, pulled, args.epochs, seed))
            print(found[-1], file=sys.stderr, flush=True)
    report = {
        "rows": min(args.rows, len(rows)),
        "epochs": args.epochs,
        "threads": torch.get_num_threads(),
        "speed_ratio": _mean(found, "ours", "rows_per_second") / _mean(found, "trainer", "rows_per_second"),
        "accuracy_difference": _mean(found, "ours", "accuracy") - _mean(found, "trainer", "accuracy"),
        "runs": [vars(f) for f in found],
    }
    print(json.dumps(report) if args.json else table(report))


def ours(rows: Any, test: Any, pulled: Any, epochs: int, seed: int) -> Figures:
    """The studio's loop with the Balanced preset."""
    from ptm_demo.data import LabelledTexts, Split
    from ptm_demo.models import count_parameters
    from ptm_demo.tasks.batches import encode
    from ptm_demo.tasks.classify import predict_logits
    from ptm_demo.tuning import TuneConfig, train
    from ptm_demo.tuning.loop import class_indices

    config = TuneConfig.of("balanced", model_id=pulled.model_id, epochs=epochs, seed=seed)
    tuned = train(Split(rows, LabelledTexts([], [], []), test), config, pulled, folder=None)
    loaded = tuned.loaded
    logits = predict_logits(loaded.model, encode(loaded.tokenizer, test.texts, config.max_length, loaded.text_prefix), 0)
    accuracy = float((logits.argmax(axis=1) == class_indices(test, tuned.labels)).mean())
    return Figures("ours", seed, tuned.rows_per_second, tuned.seconds, accuracy, count_parameters(loaded.model, trainable=True))


def reference(rows: Any, test: Any, pulled: Any, epochs: int, seed: int) -> Figures:
    """Hugging Face's Trainer with PEFT."""
    import torch
    from peft import LoraConfig, TaskType, get_peft_model
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    labels = sorted(set(rows.labels))
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(pulled.path)
    model = AutoModelForSequenceClassification.from_pretrained(pulled.path, num_labels=len(labels), dtype=torch.float32)
    lora = LoraConfig(task_type=TaskType.SEQ_CLS, r=8, lora_alpha=16, lora_dropout=0.1, target_modules=["query", "value"])
    model = get_peft_model(model, lora)

    def items(part: Any) -> list[dict[str, Any]]:
        encoded = tokenizer([pulled.text_prefix + text for text in part.texts], truncation=True, max_length=128)["input_ids"]
        return [{"input_ids": ids, "labels": labels.index(label)} for ids, label in zip(encoded, part.labels, strict=True)]

    with tempfile.TemporaryDirectory() as folder:
        options = TrainingArguments(
            output_dir=folder, num_train_epochs=epochs, per_device_train_batch_size=16, per_device_eval_batch_size=32, learning_rate=5e-4,
            warmup_steps=0.06, weight_decay=0.01, seed=seed, use_cpu=True, save_strategy="no", eval_strategy="no", report_to=[],
            disable_tqdm=True, logging_strategy="no", dataloader_num_workers=0,
        )  # fmt: skip
        trainer = Trainer(model, options, data_collator=DataCollatorWithPadding(tokenizer), train_dataset=items(rows))  # type: ignore[arg-type]
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
        predicted = trainer.predict(items(test)).predictions.argmax(axis=1)  # type: ignore[arg-type, union-attr]
    accuracy = float(np.mean([labels[i] == label for i, label in zip(predicted, test.labels, strict=True)]))
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return Figures("trainer", seed, len(rows) * epochs / seconds, seconds, accuracy, trainable)


def table(report: dict[str, Any]) -> str:
    lines = ["| method | seed | rows/s | seconds | accuracy | trained parameters |", "|---|---|---|---|---|---|"]
    for run in report["runs"]:
        cells = [run["method"], str(run["seed"]), f"{run['rows_per_second']:.1f}", f"{run['seconds']:.0f}", f"{run['accuracy']:.4f}"]
        lines.append("| " + " | ".join([*cells, f"{run['trainable']:,}"]) + " |")
    lines.append(f"\nspeed ×{report['speed_ratio']:.2f}, accuracy {report['accuracy_difference']:+.4f}")
    return "\n".join(lines)


def _mean(found: list[Figures], method: str, name: str) -> float:
    return float(np.mean([getattr(f, name) for f in found if f.method == method]))


if __name__ == "__main__":
    main()
