"""A real server as a process of its own: started on a free port of this machine, waited for, and stopped."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from mapping.errors import ConcordError

PATIENCE = 60.0
GRACE = 10.0
LAST_WORDS = 2_000
PORTS, TRIES = range(20_000, 32_000), 100
STOPPING = (signal.SIGINT, signal.SIGTERM)


def free_port() -> int:
    """A port of the loopback address that nobody listens on now.

    It lies below those that the system gives to whoever asks for any (from 32,768 on Linux, 49,152 elsewhere): a server
    takes seconds until it listens, and who took its port meanwhile would be taken for it. Raises OSError where all are
    in use.
    """
    for _ in range(TRIES):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as door, suppress(OSError):
            door.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no port of {PORTS.start} to {PORTS.stop - 1} is free")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM wait: a process that was just started must be known to whoever is to end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda got, _: came.append(got)) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for late in came:
            signal.raise_signal(late)


def completed(
    command: Sequence[str], patience: float, surroundings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command that ran to its end, with what it said. Raises subprocess.TimeoutExpired after so many seconds.

    Whatever cuts it off, Ctrl-C too, ends it with all that it started.
    """
    process: subprocess.Popen[str] | None = None
    try:
        with uninterrupted():
            process = subprocess.Popen(  # noqa: S603 - our own words and paths, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=surroundings,
                start_new_session=True,
            )
        said, wrong = process.communicate(timeout=patience)
    except BaseException:
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, said, wrong)


class Process:
    """A started server. ``log`` keeps what it says; no variable of ours reaches it but PATH, HOME and ``variables``.

    It answers once ``ready`` has returned, which the constructor calls unless told not to ``wait``.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        log: Path,
        *,
        variables: Mapping[str, str] | None = None,
        wait: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        self._name, self._port, self._log, self._patience = name, port, log, patience
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
        surroundings = {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(variables or {})}
        with log.open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own words and paths, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=surroundings,
                start_new_session=True,  # Cyrus, told to end, ends its whole process group
            )
        if wait:
            self.ready()

    def ready(self) -> None:
        """Waits until it listens. Raises ConcordError with its last words when it ends first, or takes longer than the
        patience lasts."""
        try:
            self._await(self._listens)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server; one that does not go when asked is killed."""
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _await(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self._patience
        while not ready():
            if self._process.poll() is not None:
                raise ConcordError(f"{self._name} ended while it started: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ConcordError(
                    f"{self._name} did not listen within {self._patience:.0f} seconds: {self._last_words()}"
                )
            time.sleep(0.05)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def _last_words(self) -> str:
        said = self._log.read_bytes()[-LAST_WORDS:].decode("utf-8", "replace").strip()
        return said.splitlines()[-1] if said else "it said nothing"


class Server(ABC):
    """A real server in a folder of its own, which outlives it. Use it with ``with``, or call ``start`` and ``stop``.
    ``patience`` is how many seconds it may take until it listens."""

    patience = PATIENCE

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Installs the server where that was never done, and starts it. Raises ConcordError when one of them fails."""
        self.begin()
        self.ready()

    def begin(self) -> None:
        """Starts the server without waiting until it is ``ready``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name, command, variables = type(self).__name__, self.command(), self.variables()
        with uninterrupted():
            said = self.folder / "output.log"
            self._process = Process(
                name, command, self.port, said, variables=variables, wait=False, patience=self.patience
            )

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts it, once it is installed and its settings lie in the folder, both of which this does."""

    def variables(self) -> Mapping[str, str]:
        """What the command finds in its environment besides."""
        return {}

    def ready(self) -> None:
        """Waits until it answers. Raises ConcordError when it does not."""
        if self._process is not None:
            self._process.ready()

    def stop(self) -> None:
        """Ends the server, if it runs."""
        if self._process is not None:
            self._process.stop()
            self._process = None


class WebServer(Server):
    """One that speaks HTTP."""

    @property
    def url(self) -> str:
        """The address of the server, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"
