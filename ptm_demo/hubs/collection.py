"""All hubs behind one door: an id finds its hub by its form. Knows no hub by name."""

from __future__ import annotations

from collections.abc import Iterator

from ptm_demo.errors import BadModelId
from ptm_demo.hubs.base import Hub, PulledModel, check_revision
from ptm_demo.progress import CancelToken, ProgressFn, ignore
from ptm_demo.registry import Registry
from ptm_demo.results import ModelInfo
from ptm_demo.settings import Settings


class Hubs:
    """The hubs of this studio.

    Args:
        settings: where models are kept, and how long the Hub may take.
        allow_local: whether an id may be a folder on this machine. True for the command line and Python, where the asker owns
            the machine; False for the page, where the asker may be a stranger.
    """

    def __init__(self, settings: Settings, allow_local: bool = False) -> None:
        classes: Registry[type[Hub]] = Registry[type[Hub]]("hub").discover("ptm_demo.hubs", "HUB")
        self._hubs = [hub(settings) for hub in classes if allow_local or not hub.needs_local]

    def __iter__(self) -> Iterator[Hub]:
        return iter(self._hubs)

    def find(self, model_id: str) -> Hub:
        """The hub that the id belongs to.

        Raises:
            BadModelId: the id has no hub's form.
        """
        for hub in self._hubs:
            if hub.owns(model_id):
                return hub
        raise BadModelId(model_id=model_id[:200])

    def info(self, model_id: str, revision: str = "") -> ModelInfo:
        """See `Hub.info`; blanks around the id are ignored."""
        model_id = model_id.strip()
        return self.find(model_id).info(model_id, check_revision(model_id, revision))

    def pull(self, model_id: str, revision: str = "", progress: ProgressFn = ignore, cancel: CancelToken | None = None) -> PulledModel:
        """See `Hub.pull`; blanks around the id are ignored."""
        model_id = model_id.strip()
        return self.find(model_id).pull(model_id, check_revision(model_id, revision), progress, cancel)

    def installed(self) -> list[ModelInfo]:
        """Models that need no network, built-in ones first."""
        return [info for hub in self._hubs for info in hub.installed()]

    def remove(self, model_id: str) -> int:
        """Delete what the studio keeps of a model; bytes freed.

        Raises:
            ModelNotFound: there is no such model here.
        """
        model_id = model_id.strip()
        return self.find(model_id).remove(model_id)
