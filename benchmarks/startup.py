"""How soon the page answers after `python app.py`, beside the smallest Gradio app that there is, in turns on this machine;
and how soon a training does its first step after the click, with a worker that has had time to warm up.

    python benchmarks/startup.py [--runs 5] [--json]

The home is kept between the runs (a warm disk): the first run converts nothing, models are loaded after the first paint.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEER = "import gradio as gr\nwith gr.Blocks() as demo:\n    gr.Textbox()\ndemo.launch(server_port={port}, quiet=True)\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_to_page(command: list[str], port: int, home: Path) -> float:
    """From the start of the process to the first whole answer of the page."""
    environment = {**os.environ, "PTM_HOME": str(home), "PTM_PORT": str(port), "PTM_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended with status {process.returncode} before it gave a page.")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    answer.read()
                return time.perf_counter() - started
            except OSError:
                if time.perf_counter() - started > 120:
                    raise SystemExit(f"{' '.join(command)} gave no page within 120 s.") from None
                time.sleep(0.02)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def seconds_to_first_step(home: Path, runs: int) -> list[float]:
    """From the submitting of a training (the English example, Quick) to its first optimizer step."""
    from ptm_demo.services import Services
    from ptm_demo.services.data import DataChoice
    from ptm_demo.services.training import TrainingPlan
    from ptm_demo.settings import Settings, prepare_process
    from ptm_demo.tuning.config import TuneConfig

    prepare_process()
    found = []
    with Services(Settings(home=home, offline=True)) as services:
        services.start()
        dataset_id = services.data.add_example("support_en", "local")
        plan = TrainingPlan(DataChoice(dataset_id, "text", "label"), TuneConfig.of("quick"))
        warm_up = services.training.start_estimate(plan, "local")
        services.jobs.wait(warm_up, 120)
        for _ in range(runs):
            clicked = time.time()
            job_id = services.training.start(plan, "local")
            while not (steps := [e for e in services.jobs.events(job_id) if e.progress.stage == "train" and e.progress.done >= 1]):
                time.sleep(0.02)
            found.append(round(steps[0].time - clicked, 2))
            services.training.stop(job_id, "local")
            services.jobs.wait(job_id, 120)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    found: dict[str, list[float]] = {"studio": [], "smallest_gradio_app": []}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for run in range(args.runs + 1):  # the first turn warms the disk and is not counted
            studio, peer = free_port(), free_port()
            times = {
                "studio": seconds_to_page([sys.executable, "app.py"], studio, home),
                "smallest_gradio_app": seconds_to_page([sys.executable, "-c", PEER.format(port=peer)], peer, home),
            }
            for name, seconds in times.items():
                if run:
                    found[name].append(round(seconds, 2))
        clicks = seconds_to_first_step(home, args.runs)
    medians = {name: round(statistics.median(seconds), 2) for name, seconds in found.items()}
    ratio = round(medians["studio"] / medians["smallest_gradio_app"], 2)
    figures = {"seconds_to_page": medians["studio"], "peer_seconds": medians["smallest_gradio_app"], "ratio": ratio, "runs": found,
               "seconds_to_first_step": statistics.median(clicks), "clicks": clicks}  # fmt: skip
    if args.json:
        print(json.dumps(figures))
    else:
        print(f"page: studio {medians['studio']} s, smallest Gradio app {medians['smallest_gradio_app']} s, ratio {ratio}")
        print(f"click to first training step: {figures['seconds_to_first_step']} s (all medians of {args.runs})")


if __name__ == "__main__":
    main()
