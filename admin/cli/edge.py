"""The outermost edge: every way a command can end becomes one clear sentence and an exit code.

0 ok · 1 failed · 2 bad usage or configuration · 130 stopped by a person · 143 stopped by the system
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from admin.cli.output import harmless, printed_json
from admin.cli.redaction import redacted
from admin.cli.session import Session, current
from admin.cli.traces import keep, kept_at
from mapping.errors import AuthError, ConcordError, ConfigError, RateLimitedError, StalePlanError

FAILED = 1
MISUSED = 2
STOPPED = 130
TERMINATED = 143
AGAIN_SECONDS = 0.05

WITH_VALUE = {"--config", "-c"}
WITHOUT_VALUE = {"--json", "--verbose", "--json-logs"}

ADVICE: dict[type[ConcordError], str] = {
    AuthError: "Check the connection's secret (concord secrets set NAME), then run: concord check",
    StalePlanError: "Make a new one with: concord plan",
}


class Termination(KeyboardInterrupt):
    """The system ends the work (SIGTERM: ``docker stop``, a shutdown); whatever answers to Ctrl-C answers to it."""


class Edge(TyperGroup):
    """The group of all commands. Global options may stand before or after the command's own words."""

    # The context is Any here: what the overridden methods take is private to typer, and typer.Context is narrower.

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the arguments with the global options moved to the front."""
        return super().parse_args(ctx, global_first(args))

    def invoke(self, ctx: Any) -> Any:
        """Runs the command. Raises typer.Exit with the right code for whatever went wrong."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, TyperException, BrokenPipeError):
            raise
        except (KeyboardInterrupt, typer.Abort) as stop:
            stopped(current(ctx), ctx.invoked_subcommand or "")
            raise typer.Exit(stop_code(stop)) from None
        except ConcordError as error:
            raise typer.Exit(told(current(ctx), error)) from None
        except OSError as error:
            raise typer.Exit(system_refused(current(ctx), error)) from None
        except Exception as error:  # noqa: BLE001 - the outermost edge: what nobody foresaw is kept, then told
            raise typer.Exit(unforeseen(current(ctx), error)) from None


def global_first(args: Sequence[str]) -> list[str]:
    """The arguments with the global options in front, whatever place they had; what follows ``--`` is left alone."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(args)
    for arg in waiting:
        if arg == "--":
            rest += [arg, *waiting]
        elif arg in WITH_VALUE:
            front += [arg, *([value] if (value := next(waiting, None)) is not None else [])]
        elif arg in WITHOUT_VALUE or arg.startswith("--config="):
            front.append(arg)
        else:
            rest.append(arg)
    return front + rest


def terminable() -> None:
    """Lets SIGTERM end the work as Ctrl-C does: with its runs closed, its leases given back, and a sentence."""
    signal.signal(signal.SIGTERM, _terminate)


def insistent() -> None:
    """Lets no Ctrl-C get lost.

    Python drops whatever is raised while it runs a destructor or the callback of a weak reference, and says so on
    stderr at most; a stop that arrives in that moment would go unheard. It is sent once more, a moment later.
    """
    before = sys.unraisablehook

    def heard(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            before(lost)
            return
        number = signal.SIGTERM if issubclass(lost.exc_type, Termination) else signal.SIGINT
        if number == signal.SIGTERM:
            terminable()  # its handler went back to the default as it was raised
        # From another thread and later: raised here and now, it would be lost again.
        again = threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    sys.unraisablehook = heard


def _terminate(number: int, _: object) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    raise Termination


def stop_code(stop: BaseException) -> int:
    """The exit code for what stopped the work, also where a question was interrupted and only its abort is seen."""
    return TERMINATED if isinstance(stop, Termination) or isinstance(stop.__context__, Termination) else STOPPED


def stopped(session: Session, command: str) -> None:
    """Says that the work was stopped, that nothing is lost, and how it goes on."""
    if command == "apply":  # the rest of a plan that was half sent is refused, since its records have moved
        again = session.command("plan")
        session.say(f"Stopped. Nothing is lost: what was sent is on record. Plan what is left with: {again}")
    else:
        session.say("Stopped. Nothing is lost: every finished page is kept, and the same command goes on from there.")


def told(session: Session, error: ConcordError) -> int:
    """Tells an error that Concord has a name for, one line a problem; returns the exit code."""
    if isinstance(error, ConfigError):
        problems = [str(problem) for problem in error.problems] or [str(error)]
        for problem in problems:
            session.say(harmless_lines(problem), "red")
        if session.json:
            printed_json({"error": {"type": "ConfigError", "message": str(error), "problems": error.problems}})
        return MISUSED
    message = harmless_lines(str(error))
    if isinstance(error, RateLimitedError) and error.retry_after:
        message += f" (again in {error.retry_after:,.0f} seconds)"
    session.say(message, "red")
    for kind, advice in ADVICE.items():
        if isinstance(error, kind) and "concord " not in message:
            session.say(advice)
    if session.json:
        printed_json({"error": {"type": type(error).__name__, "message": str(error), "problems": []}})
    return FAILED


def harmless_lines(text: str) -> str:
    """The text line by line without characters that a terminal would obey."""
    return "\n".join(harmless(line) for line in text.splitlines())


def system_refused(session: Session, error: OSError) -> int:
    """Tells what the operating system would not do, and with which file."""
    reason = error.strerror or type(error).__name__
    place = f": {error.filename}" if error.filename else ""
    session.say(f"The system refused{place}: {reason}", "red")
    if session.verbose:
        session.say(redacted(traceback.format_exc()))
    if session.json:
        printed_json({"error": {"type": type(error).__name__, "message": f"{reason}{place}", "problems": []}})
    return FAILED


def unforeseen(session: Session, error: Exception) -> int:
    """Keeps the traceback of an error nobody foresaw, without secrets and personal data, and says where it lies."""
    text = redacted("".join(traceback.format_exception(error)))
    place = keep(session.config, text)
    name = type(error).__name__
    kept = kept_at(place)
    session.say(f"Concord met something it did not expect ({name}); {kept}.", "red")
    if session.verbose:
        session.say(text)
    if session.json:
        printed_json({"error": {"type": name, "message": kept, "problems": []}})
    return FAILED


def harmless_streams() -> None:
    """Lets stdout and stderr draw what their encoding lacks as a question mark rather than fail on it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
