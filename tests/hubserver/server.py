"""See the package's docstring."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_LFS_FROM = 10_000  # files at least as large are kept by SHA-256, as Git LFS does


@dataclass
class Repo:
    """One model: its files, and what the hub says of it."""

    files: dict[str, bytes]
    commit: str = ""
    gated: bool | str = False
    private: bool = False
    disabled: bool = False
    card: dict[str, Any] = field(default_factory=lambda: {"license": "apache-2.0", "language": ["en"]})
    task: str = "fill-mask"
    branches: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        content = b"".join(name.encode() + data for name, data in sorted(self.files.items()))
        self.commit = self.commit or hashlib.sha1(content, usedforsecurity=False).hexdigest()
        self.branches = {"main": self.commit, **self.branches}

    def describe(self, model_id: str, blobs: bool) -> dict[str, Any]:
        config = json.loads(self.files["config.json"]) if _is_json(self.files.get("config.json", b"")) else {}
        return {
            "_id": "1", "id": model_id, "modelId": model_id, "sha": self.commit, "private": self.private, "gated": self.gated,
            "disabled": self.disabled, "downloads": 7, "likes": 1, "pipeline_tag": self.task, "library_name": "transformers",
            "tags": ["transformers", f"license:{self.card.get('license', '')}"], "cardData": self.card,
            "config": {"model_type": config.get("model_type", "")} if isinstance(config, dict) else {},
            "createdAt": "2024-01-01T00:00:00.000Z", "lastModified": "2024-01-02T00:00:00.000Z",
            "siblings": [self._sibling(name, data, blobs) for name, data in self.files.items()],
        }  # fmt: skip

    @staticmethod
    def _sibling(name: str, data: bytes, blobs: bool) -> dict[str, Any]:
        if not blobs:
            return {"rfilename": name}
        entry = {"rfilename": name, "size": len(data), "blobId": git_sha1(data)}
        if len(data) >= _LFS_FROM:
            entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return entry


@dataclass
class Fault:
    """How the hub misbehaves.

    Attributes:
        kind: "status" answers with `status`; "silent" never answers; "trickle" sends one byte of the answer's head every
            0.1 s, for ever; "slow" sends the body in small pieces; "cut" ends the connection in the middle of the body;
            "corrupt" changes one byte of the body; "garbage" answers with a page that is not JSON.
        match: only requests whose path holds this.
        times: how many requests; then the hub is well again.
    """

    kind: str
    match: str = ""
    times: int = 1_000_000
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)


class HubServer:
    """The hub, on a free port of the loopback interface, from `with` to its end."""

    def __init__(self, repos: Mapping[str, Repo] | None = None) -> None:
        self.repos: dict[str, Repo] = dict(repos or {})
        self.fault: Fault | None = None
        self.requests: list[str] = []
        self.tokens: list[str] = []
        self.ranges: list[str] = []
        self.takes_ranges = True
        self.closing = threading.Event()

    def __enter__(self) -> HubServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.hub = self  # type: ignore[attr-defined]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


def repo_of(folder: Path, extra: Mapping[str, bytes] | None = None, **options: Any) -> Repo:
    """A repository with the files of a folder, and more."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return Repo({**files, **(extra or {})}, **options)


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._answer(body=True)

    def do_HEAD(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._answer(body=False)

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is the test's."""

    @property
    def hub(self) -> HubServer:
        return self.server.hub  # type: ignore[attr-defined,no-any-return]

    def _answer(self, body: bool) -> None:
        if self.hub.closing.is_set():  # a kept-alive connection outlives the server's socket
            self.close_connection = True
            return
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        if "Authorization" in self.headers:
            self.hub.tokens.append(self.headers["Authorization"])
        if "Range" in self.headers:
            self.hub.ranges.append(self.headers["Range"])
        fault = self._fault(path)
        if fault is not None and self._fails_at_once(fault):
            return
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._describe(parts[2:], body)
        elif "resolve" in parts:
            at = parts.index("resolve")
            self._file("/".join(parts[:at]), parts[at + 1], "/".join(parts[at + 2 :]), body, fault)
        else:
            self._error(404, "EntryNotFound")

    def _fault(self, path: str) -> Fault | None:
        fault = self.hub.fault
        if fault is None or fault.match not in path or fault.times <= 0:
            return None
        fault.times -= 1
        return fault

    def _fails_at_once(self, fault: Fault) -> bool:
        if fault.kind == "status":
            self._error(fault.status, "", fault.headers)
        elif fault.kind == "silent":
            self.hub.closing.wait()
        elif fault.kind == "trickle":
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"a" * 100_000:
                if self.hub.closing.wait(0.1):
                    break
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
        elif fault.kind == "garbage":
            self._send(200, b"<html>captive portal</html>", {"Content-Type": "text/html"}, True)
        else:
            return False
        self.close_connection = True
        return True

    def _describe(self, parts: list[str], body: bool) -> None:
        revision = ""
        if "revision" in parts:
            at = parts.index("revision")
            parts, revision = parts[:at], "/".join(parts[at + 1 :])
        model_id = "/".join(parts)
        repo = self._repo(model_id)
        if repo is None:
            return
        if revision and revision != repo.commit and revision not in repo.branches:
            self._error(404, "RevisionNotFound")
            return
        blobs = "blobs" in urlsplit(self.path).query
        self._send(200, json.dumps(repo.describe(model_id, blobs)).encode(), {"Content-Type": "application/json"}, body)

    def _file(self, model_id: str, revision: str, name: str, body: bool, fault: Fault | None) -> None:
        repo = self._repo(model_id)
        if repo is None:
            return
        if repo.gated and "Authorization" not in self.headers:
            self._error(401, "GatedRepo")
        elif revision not in {repo.commit, *repo.branches}:
            self._error(404, "RevisionNotFound")
        elif name not in repo.files:
            self._error(404, "EntryNotFound")
        else:
            data = repo.files[name]
            etag = hashlib.sha256(data).hexdigest() if len(data) >= _LFS_FROM else git_sha1(data)
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": repo.commit, "Accept-Ranges": "bytes"}
            self._bytes(data, headers, body, fault)

    def _bytes(self, data: bytes, headers: dict[str, str], body: bool, fault: Fault | None) -> None:
        status, start = 200, 0
        if "Range" in self.headers and self.hub.takes_ranges:
            start = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
            if start >= len(data):
                self._error(416, "")
                return
            status, headers["Content-Range"] = 206, f"bytes {start}-{len(data) - 1}/{len(data)}"
        rest = data[start:]
        if fault is not None and fault.kind == "corrupt":
            rest = rest[:-1] + bytes([rest[-1] ^ 1])
        if fault is None or fault.kind == "corrupt" or not body:
            self._send(status, rest, headers, body)
            return
        self._head(status, len(rest), headers)
        if fault.kind == "cut":
            self.wfile.write(rest[: max(1, len(rest) // 2)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        for at in range(0, len(rest), 2000):  # "slow"
            if self.hub.closing.wait(0.05):
                return
            self.wfile.write(rest[at : at + 2000])
            self.wfile.flush()

    def _repo(self, model_id: str) -> Repo | None:
        repo = self.hub.repos.get(model_id)
        if repo is None or (repo.private and "Authorization" not in self.headers):
            self._error(401, "RepoNotFound")  # the Hub does not tell a stranger whether a private model exists
            return None
        if repo.disabled:
            self._error(403, "", {"X-Error-Message": "Access to this resource is disabled."})
            return None
        return repo

    def _error(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        extra = {"X-Error-Code": code, "X-Error-Message": code} if code else {}
        self._send(status, b"{}", {**extra, **(headers or {})}, self.command != "HEAD")

    def _send(self, status: int, data: bytes, headers: Mapping[str, str], body: bool) -> None:
        self._head(status, len(data), headers)
        if body:
            self.wfile.write(data)
            self.wfile.flush()

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
