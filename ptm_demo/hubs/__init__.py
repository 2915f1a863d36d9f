"""Where models come from. A hub turns a model's id into a folder on this machine; nothing here loads a model."""

from ptm_demo.hubs.base import Hub, PulledModel
from ptm_demo.hubs.collection import Hubs

__all__ = ["Hub", "Hubs", "PulledModel"]
