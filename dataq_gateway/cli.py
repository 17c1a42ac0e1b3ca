"""The `dataq` command: finds its subcommands, and ends every failure in one clear line."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from typing import NoReturn

import click

from dataq_gateway import commands
from dataq_gateway.errors import CommandFailed
from dataq_gateway.settings import apply_env_file
from dataq_gateway.wall import OWN_PROCESS

INTERRUPTED = 130
PLAN = "\n\nResolved plan until failure"  # with which Polars passes on an error
EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."


class Subcommands(click.Group):
    """One module of dataq_gateway.commands a subcommand; only what was asked for is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of all subcommands, sorted."""
        return sorted(module.name.replace("_", "-") for module in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of the module `cmd_name`, or None where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = cmd_name.replace("-", "_")
        command = import_module(f"{commands.__name__}.{module}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a module's own mistake
        return command


@click.command(
    cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES
)
@click.version_option(package_name="dataq", message="%(prog)s %(version)s")
@click.option("--home", metavar="DIR", help="Use this folder instead of DATAQ_HOME (~/.dataq).")
def cli(home: str | None) -> None:
    """Archive everything; follow every row back to its bytes, and every hit to its reasons."""
    if home:
        os.environ["DATAQ_HOME"] = home
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        click.get_current_context().color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    apply_env_file()
    if not sys.warnoptions:  # what libraries warn of concerns their callers, not who types dataq
        warnings.simplefilter("ignore")
    if "_DATAQ_COMPLETE" in os.environ:
        cli.main(prog_name="dataq")
    code = run(words, own_process=True)
    if code == INTERRUPTED or "://" in os.environ.get("DATAQ_LAKE", ""):
        _end(code)
    sys.exit(code)


def _end(code: int) -> NoReturn:
    """End the process as Python would, but for taking itself and its libraries apart.

    After Ctrl-C in a library's own code Python ends by a signal, whatever code it is given; and so
    does a library that is unloaded under a thread that has read an object store.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for threads
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(words: list[str], *, own_process: bool = False) -> int:
    """The exit code of one command line; every failure is told in one line on stderr.

    `own_process` says that the process ends with it: only then may a command limit the process.
    """
    try:
        # Not cli.main, which ends a broken pipe and an interrupt in ways of its own.
        with cli.make_context("dataq", list(words)) as context:
            context.meta[OWN_PROCESS] = own_process
            cli.invoke(context)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has what it wanted; nothing may be written to the pipe at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (click.Abort, KeyboardInterrupt):
        return tell("interrupted", INTERRUPTED, words)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as bare:
        bare.show()
        return bare.exit_code
    except click.ClickException as mistake:
        return tell(usage(mistake), mistake.exit_code, words)
    except Exception as failure:
        if os.environ.get("DATAQ_DEBUG"):
            raise
        return tell(explain(failure), 1, words)
    return 0


def usage(mistake: click.ClickException) -> str:
    """What was typed wrongly, and where to read on."""
    context = getattr(mistake, "ctx", None)
    message = mistake.format_message().rstrip(".")
    return f"{message}: see {context.command_path} --help" if context else message


def explain(failure: Exception) -> str:
    """The line for `failure`; errors that our packages name speak for themselves."""
    ours = type(failure).__module__.startswith("dataq_")
    if isinstance(failure, CommandFailed) or (ours and str(failure)):
        return str(failure).partition(PLAN)[0]
    if ".parquet" in str(failure) and (lost := _lost(str(failure))):
        return lost
    kind = type(failure).__name__
    return f"unexpected {kind}: {failure}: set DATAQ_DEBUG=1 and run again for the traceback"


def _lost(text: str) -> str:
    """What there is to say where a table's file has gone while it was read."""
    from dataq_lake.lost_files import lost_behind
    from dataq_resources.home import home_from_environment

    return str(lost_behind(home_from_environment().lake, text) or "")


def tell(message: str, code: int, words: list[str]) -> int:
    """Print one line (an object with --json) on stderr and return `code`."""
    line = " ".join(message.split())
    if "--json" in words:
        click.echo(json.dumps({"error": line, "exit_code": code}, ensure_ascii=False), err=True)
    else:
        click.echo(f"error: {line}", err=True)
    return code
