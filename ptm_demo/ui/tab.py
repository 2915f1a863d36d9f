"""What a tab is: a name, a place, and a function that lays it out and wires it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ptm_demo.services import Services
from ptm_demo.ui.i18n import Translator
from ptm_demo.ui.session import Session


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the page.

    Attributes:
        name: its id in the page and its key in the locales (``<name>.title``).
        order: its place from the left.
        build: lays the tab out inside an open `gr.Tab`, then wires it.
    """

    name: str
    order: int
    build: Callable[[Services, Session, Translator], None]
