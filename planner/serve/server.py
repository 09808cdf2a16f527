"""The server: one process with the page, on an address of this machine unless told otherwise."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from planner.serve.access import Access, is_loopback, written
from planner.serve.app import application
from planner.serve.solves import Solves

MOST_REQUESTS = 64
"""At a time; more are told to come again."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        port: 0 for any that is free.

    Raises:
        OSError: the address cannot be taken.
    """
    kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=kind)


def run(listening: socket.socket, host: str, folder: Path, told: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; what is at work then is ended.

    Args:
        host: as it was asked for; beyond this machine requests need a token.
        folder: for the files of every question.
        told: called with the address to open.
    """
    port = listening.getsockname()[1]
    if is_loopback(host):
        names = {written(name) for name in (host, "127.0.0.1", "localhost", "::1")}
        hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())  # which nobody writes
        access, query = Access(frozenset(hosts)), ""
    else:
        token = secrets.token_urlsafe(24)
        access, query = Access(token=token), f"?token={token}"
    with Solves(folder) as solves:
        config = uvicorn.Config(
            application(solves, access), log_level="warning", access_log=False, server_header=False, ws="none",
            lifespan="off", proxy_headers=False, limit_concurrency=MOST_REQUESTS, timeout_graceful_shutdown=2,
        )  # fmt: skip
        told(f"http://{written(host)}:{port}/{query}")
        with suppress(KeyboardInterrupt), listening:
            uvicorn.Server(config).run(sockets=[listening])
