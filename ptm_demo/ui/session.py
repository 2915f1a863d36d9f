"""What one visitor's page remembers: who they are and which things they work on, as ids only.

Both live in the browser's own storage, so a reload, a closed tab or a restarted server loses nothing. Neither is
authority: every call to the services names the owner, and the services look whether the thing is theirs.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import gradio as gr

from ptm_demo.services.data import DataChoice
from ptm_demo.settings import Settings

LOCAL_OWNER = "local"


@dataclass(frozen=True, slots=True)
class Work:
    """Which rows the visitor works on; kept in the browser as plain JSON."""

    dataset_id: str = ""
    text_column: str = ""
    label_column: str = ""
    fixes: tuple[str, ...] = ()
    fixes_chosen: str = ""  # "yes" once the visitor ticked: no tick at all is a choice too
    eval_dataset_id: str = ""

    @classmethod
    def of(cls, stored: Any) -> Work:
        """From what the browser gave: anything that is not what it should be counts as absent."""
        if not isinstance(stored, dict):
            return cls()
        texts: dict[str, Any] = {key: stored[key][:200] for key in cls.__slots__ if key != "fixes" and isinstance(stored.get(key), str)}
        work = cls(**texts)
        fixes = stored.get("fixes")
        return replace(work, fixes=tuple(str(fix)[:50] for fix in fixes[:20])) if isinstance(fixes, list) else work

    def but(self, **changes: Any) -> Work:
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "fixes": list(self.fixes)}

    @property
    def choice(self) -> DataChoice:
        return DataChoice(self.dataset_id, self.text_column, self.label_column, self.fixes, self.eval_dataset_id)


def stored_id(stored: Any) -> str:
    """An id that the browser gave: anything that is no short text counts as absent."""
    return stored if isinstance(stored, str) and len(stored) <= 200 else ""


@dataclass(slots=True)
class Session:
    """What the browser keeps for the page, and what each tab wants done once that has been read.

    Each state is written by the steps that own it and by no other, so that a slow answer never undoes a newer choice.

    Attributes:
        token: who this is.
        work: `Work`, as JSON: written by the steps Data and Report.
        job: id of the training that is watched: written by Plan and Train.
        run: id of the chosen run: written by Train, Judge and Keep.
    """

    settings: Settings
    token: gr.BrowserState
    work: gr.BrowserState
    job: gr.BrowserState
    run: gr.BrowserState
    restores: list[tuple[Callable[..., Any], Sequence[Any], Sequence[Any]]] = field(default_factory=list)

    @classmethod
    def build(cls, settings: Settings) -> Session:
        # The secrets only keep the stored JSON readable after a restart; nothing rests on them.
        return cls(
            settings,
            token=gr.BrowserState("", storage_key="ptm-visitor", secret="ptm-visitor-v1"),  # noqa: S106
            work=gr.BrowserState({}, storage_key="ptm-work", secret="ptm-work-v1"),  # noqa: S106
            job=gr.BrowserState("", storage_key="ptm-job", secret="ptm-job-v1"),  # noqa: S106
            run=gr.BrowserState("", storage_key="ptm-run", secret="ptm-run-v1"),  # noqa: S106
        )

    def owner(self, token: Any) -> str:
        """Whose things these are: one owner at home; on a shared page the hash of the visitor's token."""
        if not self.settings.multi_user:
            return LOCAL_OWNER
        return hashlib.sha256(str(token).encode()).hexdigest() if isinstance(token, str) and len(token) >= 20 else "nobody"

    def on_ready(self, fn: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Ask for `fn` after the page has loaded and the visitor is known."""
        self.restores.append((fn, inputs, outputs))

    def wire(self, page: gr.Blocks) -> None:
        """Give a new visitor a token, then restore every tab."""
        known = page.load(_mint, self.token, self.token, show_progress="hidden", api_visibility="private")
        for fn, inputs, outputs in self.restores:
            known.then(fn, list(inputs), list(outputs), show_progress="hidden", api_visibility="private", concurrency_limit=None)


def _mint(token: Any) -> str:
    return token if isinstance(token, str) and len(token) >= 20 else secrets.token_urlsafe(32)
