"""Every hub, tab and command that is found by looking keeps the promises of its kind; a newcomer is covered by being there."""

from __future__ import annotations

import inspect
import shlex
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from ptm_demo.cli.command import Command
from ptm_demo.cli.parser import build_parser, commands
from ptm_demo.errors import HubError, ModelError
from ptm_demo.hubs.base import Hub
from ptm_demo.registry import Registry
from ptm_demo.settings import Settings

HUBS = list(Registry[Any]("hub").discover("ptm_demo.hubs", "HUB"))
COMMANDS = list(commands())
NAUGHTY = ("", " ", "..", "../x", "a/../b", "a/b/c", "builtin:../x", "builtin:", "-x/y", "a//b", "a\\b", "a b", "a\x00b", "~", "é/ü")


def exported(package: str, export: str) -> dict[str, Any]:
    """What each module of a package exports under that name, by the module's own name."""
    names = [found.name for found in iter_modules(import_module(package).__path__)]
    found = {name: getattr(import_module(f"{package}.{name}"), export, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("package", "export"), [("ptm_demo.hubs", "HUB"), ("ptm_demo.ui.tabs", "TAB"), ("ptm_demo.cli.commands", "COMMAND")]
)
def test_a_thing_is_called_as_its_file(package: str, export: str) -> None:
    found = exported(package, export)
    assert found, f"{package} holds no {export}"
    assert {name: value.name.replace("-", "_") for name, value in found.items()} == {name: name for name in found}


@pytest.mark.parametrize("hub", HUBS, ids=lambda hub: hub.name)
class TestHub:
    def test_it_has_the_methods_of_a_hub(self, hub: Any) -> None:
        for name in ("owns", "info", "pull", "installed", "remove"):
            promised = list(inspect.signature(getattr(Hub, name)).parameters)
            assert list(inspect.signature(getattr(hub, name)).parameters)[: len(promised)] == promised, name
        assert isinstance(hub.order, int)
        assert isinstance(hub.needs_local, bool)

    def test_a_fresh_home_holds_nothing_and_asks_nobody(self, hub: Any, settings: Settings) -> None:
        assert [info for info in hub(settings).installed() if info.bytes] == []

    def test_no_id_leads_out_of_its_folder(self, hub: Any, settings: Settings) -> None:
        """A hub for strangers owns no id with a path in it; and none of them pulls anything."""
        one = hub(settings)
        for naughty in NAUGHTY:
            if hub.needs_local or one.owns(naughty):
                with pytest.raises((ModelError, HubError)):
                    one.pull(naughty)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
class TestCommand:
    def test_it_tells_what_it_does(self, command: Command) -> None:
        assert command.summary.endswith(".")
        assert command.examples
        assert command.keys

    def test_its_examples_can_be_parsed(self, command: Command) -> None:
        for example in command.examples:
            words = shlex.split(example)
            assert words[:3] == ["python", "-m", "ptm_demo"], example
            assert build_parser().parse_args(words[3:]).command is command


def test_every_command_of_the_product_is_there() -> None:
    wanted = {"check", "train", "evaluate", "predict", "export", "models", "serve", "bench"}
    assert wanted <= {command.name for command in COMMANDS}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_tab_builds_in_every_language(settings: Settings, language: str) -> None:
    import gradio as gr

    from ptm_demo.services import Services
    from ptm_demo.ui.i18n import Translator
    from ptm_demo.ui.session import Session
    from ptm_demo.ui.tab import Tab

    tabs = Registry[Tab]("tab").discover("ptm_demo.ui.tabs", "TAB")
    assert len(tabs)
    t = Translator(language)
    with Services(settings) as services:
        for tab in tabs:
            assert t(f"{tab.name}.title")
            with gr.Blocks(analytics_enabled=False) as alone:
                tab.build(services, Session.build(settings), t)
            assert len(alone.blocks) > 1, f"{tab.name} lays nothing out"
