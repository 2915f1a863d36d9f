"""`serve`: the page."""

from __future__ import annotations

import argparse
import contextlib
import socket
from dataclasses import replace

from ptm_demo.cli.arguments import whole
from ptm_demo.cli.command import Command, Context, Outcome
from ptm_demo.errors import BadOption


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", metavar="N", type=whole, help="the port to listen on (default: 7860, or PORT)")
    parser.add_argument("--host", metavar="ADDRESS", default="", help="the address to listen on (default: 127.0.0.1: this machine only)")


def run(context: Context) -> None:
    args = context.args
    port = context.settings.port if args.port is None else args.port
    if not 1 <= port <= 65535:
        raise BadOption(option="--port", expected="a port from 1 to 65535", found=port)
    settings = replace(context.settings, port=port, host=args.host or context.settings.host)
    _check_free(settings.host, port)
    from ptm_demo.ui.app import launch

    url = f"http://{settings.host}:{port}"
    context.publish(Outcome({"url": url, "host": settings.host, "port": port}, f"Pretrained Model Studio on {url} (Ctrl-C ends it)"))
    with contextlib.suppress(KeyboardInterrupt):  # the way it is meant to end
        launch(settings)


def _check_free(host: str, port: int) -> None:
    """Raises BadOption when nothing can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadOption(option="--port and --host", expected="an address that is free", found=f"{host}:{port} ({reason})") from error


COMMAND = Command(
    name="serve",
    order=8,
    summary="Open the studio's page; the same as `python app.py`.",
    examples=("python -m ptm_demo serve --port 7860",),
    keys={"": "url, host, port (printed before the page opens; the command then runs until Ctrl-C, and ends with status 0)"},
    configure=configure,
    run=run,
    stopped="Stopped; jobs that were running go on at the next start.",
)
