"""The named endpoints that a program may call: `/classify`. Everything else on the page is private to it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ptm_demo.errors import PtmError
from ptm_demo.results import Prediction
from ptm_demo.services import Services
from ptm_demo.ui.session import LOCAL_OWNER


def build(services: Services) -> None:
    """Add the endpoints to the open page.

    On a studio with many visitors an id is not a right: only a Hub model can be asked there until a run is published.
    """
    owner = "nobody" if services.settings.multi_user else LOCAL_OWNER

    def classify(run: str, texts: list[str]) -> list[dict[str, Any]]:
        """Label texts with a tuned run (its id) or a Hub classifier (its model id).

        Returns one {"label", "prob", "probs"} a text, in the same order.
        """
        try:
            return [_plain(p) for p in services.serving.classify(str(run), [str(text) for text in texts], owner)]
        except PtmError as error:
            raise gr.Error(str(error), print_exception=False) from error

    gr.api(classify, api_name="classify", concurrency_limit=4, concurrency_id="classify")


def _plain(prediction: Prediction) -> dict[str, Any]:
    return {"label": prediction.label, "prob": prediction.prob, "probs": dict(prediction.probs)}
