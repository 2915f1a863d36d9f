"""How a tab's handlers are bound to events: one place that turns an error into one sentence in the visitor's language.

A handler returns values for its outputs or raises a `PtmError`. Bound with `wire`, an error leaves every output as it
was (nothing is lost) and shows its sentence in the step's notice; success clears the notice.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from ptm_demo.errors import PtmError
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.render import escape_markdown

log = logging.getLogger(__name__)


def notice(elem_id: str) -> gr.Markdown:
    """The place of a step's one sentence; hidden while all is well. A screen reader speaks it when it appears."""
    return gr.Markdown("", visible=False, elem_id=elem_id, elem_classes=["notice"])


def download(label: str, fn: Callable[..., str], inputs: Sequence[Any], *, elem_id: str, t: Translator, notice: gr.Markdown) -> gr.Button:
    """A button that makes a file when it is pressed and then hands it over: `fn(*inputs)` gives the file's path.

    Gradio's own DownloadButton hands over what it held before the press, so it stands hidden behind a plain one.
    """
    button = gr.Button(label, size="sm", elem_id=elem_id)
    file = gr.DownloadButton(elem_id=f"{elem_id}-file", elem_classes=["file-behind"])
    made = wire(button.click, fn, inputs, [file], t=t, notice=notice, leads_on=True)
    made.success(None, None, None, js=f"() => setTimeout(() => document.getElementById('{elem_id}-file').click(), 60)")
    return button


def sentence(t: Translator, error: Exception) -> str:
    """An error as escaped Markdown: what happened in bold, then the way out."""
    if isinstance(error, PtmError):
        message, hint = t.error(error)
    else:
        message, hint = t("common.unexpected"), t("common.unexpected_hint")
    return f"**{escape_markdown(message)}** {escape_markdown(hint)}".strip()


def wire(
    event: Callable[..., Any],
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    t: Translator,
    notice: gr.Markdown,
    leads_on: bool = False,
    **options: Any,
) -> Any:
    """Bind `fn` to `event` (such as `button.click`); returns Gradio's dependency, to chain with `.then` or `.success`.

    With `leads_on`, an error also ends the chain: what was bound with `.success` does not happen then.
    """
    skipped = [gr.skip()] * len(outputs)

    def failed(error: Exception) -> list[Any]:
        if not isinstance(error, PtmError):
            log.exception("handler %s failed", getattr(fn, "__name__", fn), exc_info=error)
        return [*skipped, gr.Markdown(sentence(t, error), visible=True)]

    def fine(values: Any) -> list[Any]:
        listed = list(values) if isinstance(values, tuple | list) and len(outputs) != 1 else [values]
        return [*listed, gr.Markdown("", visible=False)]

    @functools.wraps(fn)
    def bound(*args: Any) -> Iterator[list[Any]]:
        try:
            if inspect.isgeneratorfunction(fn):
                for values in fn(*args):
                    yield fine(values)
            else:
                yield fine(fn(*args))
        except Exception as error:  # noqa: BLE001 - the page's one boundary: told to the visitor, and logged
            yield failed(error)
            if leads_on:  # the notice has said it; this only ends the chain
                raise gr.Error("", visible=False, print_exception=False) from None

    settings = {"api_visibility": "private", "concurrency_limit": 8, "show_progress": "minimal", **options}
    return event(bound, list(inputs), [*outputs, notice], **settings)
