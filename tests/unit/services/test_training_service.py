from dataclasses import asdict

import pytest

from ptm_demo.errors import DatasetNotFound, JobNotFound
from ptm_demo.progress import Progress
from ptm_demo.results import CurvePoint, Estimate
from ptm_demo.services import Services
from ptm_demo.services.data import DataChoice
from ptm_demo.services.training import TrainingPlan, curve_point
from ptm_demo.settings import Settings
from ptm_demo.tuning.config import TuneConfig

MEASURED = Estimate(10, 20, 1, 2, 120, 3, 30.0)


@pytest.fixture
def services(settings_with_models: Settings) -> Services:
    """Services whose worker is not started: jobs are queued and stay so."""
    return Services(settings_with_models)


@pytest.fixture
def plan(services: Services) -> TrainingPlan:
    dataset_id = services.data.add_example("support_en", "me")
    return TrainingPlan(DataChoice(dataset_id, "text", "label", ("trim",)), TuneConfig.of("quick"), "first")


def test_a_training_is_queued_with_all_that_it_needs(services: Services, plan: TrainingPlan) -> None:
    job = services.training.job(services.training.start(plan, "me", MEASURED), "me")
    assert (job.state, job.place, job.title) == ("queued", 1, "first")
    assert job.payload["config"] == plan.config.to_dict()
    assert job.payload["fixes"] == ["trim"]
    assert job.payload["base"]["model_id"] == "builtin:minilm"
    assert job.payload["estimate"] == asdict(MEASURED)
    assert "token" not in str(sorted(job.payload)).lower()


def test_somebody_else_can_neither_start_on_nor_see_it(services: Services, plan: TrainingPlan) -> None:
    job_id = services.training.start(plan, "me")
    with pytest.raises(DatasetNotFound):
        services.training.start(plan, "you")
    for call in (services.training.job, services.training.stop, services.training.resume, services.training.curve):
        with pytest.raises(JobNotFound):
            call(job_id, "you")
    assert services.training.current("you") is None
    assert services.training.current("me").id == job_id


def test_a_new_measuring_gives_up_the_one_before(services: Services, plan: TrainingPlan) -> None:
    first = services.training.start_estimate(plan, "me")
    second = services.training.start_estimate(plan, "me")
    assert services.training.job(first, "me").state == "stopped"
    assert services.training.job(second, "me").state == "queued"


def test_a_waiting_training_can_be_stopped_and_resumed(services: Services, plan: TrainingPlan) -> None:
    job_id = services.training.start(plan, "me")
    services.training.stop(job_id, "me")
    assert services.training.job(job_id, "me").state == "stopped"
    services.training.resume(job_id, "me")
    assert services.training.job(job_id, "me").state == "queued"


def test_only_an_estimate_of_this_very_plan_counts(services: Services, plan: TrainingPlan) -> None:
    assert services.training.estimate_for(plan, "", "me") is None
    assert services.training.estimate_for(plan, "20990101-00000000", "me") is None
    job_id = services.training.start_estimate(plan, "me")
    assert services.training.estimate_for(plan, job_id, "me") is None  # not measured yet
    other = TrainingPlan(plan.data, plan.config.but(epochs=9), plan.name)
    assert services.training.estimate_for(other, job_id, "me") is None


@pytest.mark.parametrize(
    ("progress", "point"),
    [
        (Progress("load"), None),
        (Progress("train", 3, 10, "steps", {"step": 3}), None),
        (Progress("train", 3, 10, "steps", {"step": 3, "epoch": 0.3, "loss": 0.5, "learning_rate": 1e-3}),
         CurvePoint(3, 0.3, loss=0.5, learning_rate=1e-3)),
        (Progress("evaluate", 1, 1, "", {"step": 7, "epoch": 1.0, "eval_loss": 0.4, "eval_accuracy": 0.8, "eval_macro_f1": 0.7}),
         CurvePoint(7, 1.0, eval_loss=0.4, eval_accuracy=0.8, eval_macro_f1=0.7)),
    ],
)  # fmt: skip
def test_curve_points(progress: Progress, point: CurvePoint | None) -> None:
    assert curve_point(progress) == point
