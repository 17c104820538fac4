"""The command line: `synoptax`. Nothing heavy is imported before the options that JAX must find in place are set."""

import os
import sys
from typing import Annotated

import typer

from ._version import __version__
from .commands import assimilate, data, downscale, emulate, listing, reporting, running

_Usage = typer.BadParameter.__mro__[2]  # the parser's own base of errors; typer does not export it

_SIGINT = 130  # what typer makes of Ctrl-C
_INTERRUPTED = "Interrupted. What was finished is kept: give the same command again to continue."

app = typer.Typer(
    name="synoptax",
    help="Learn the dynamics of chaotic and Earth-system data, and put them to use.\n\n"
    "Example: synoptax run quickstart --quick --out results/",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("list")(listing.show)
app.command("run")(running.run)
app.command("report")(reporting.report)
app.command("assimilate")(assimilate.assimilate)
app.add_typer(downscale.app, name="downscale")
app.add_typer(emulate.app, name="emulate")
app.add_typer(data.app, name="data")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synoptax {__version__}")
        raise typer.Exit


@app.callback()
def root(
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads to use; all cores by default.", show_default=False)
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options that hold for every command."""
    del version
    from .core.flags import tune_process

    tune_process()
    if threads is not None:
        limit_threads(threads)


def limit_threads(threads: int) -> None:
    """Sets what XLA and the linear algebra libraries read when they start; too late once JAX has run."""
    from .core.flags import add_xla_flag

    for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = str(threads)
    if threads == 1:
        add_xla_flag("--xla_cpu_multi_thread_eigen=false")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0 done, 2 for input that cannot be used, with one sentence."""
    try:
        code = int(app(args=_front(arguments), prog_name="synoptax", standalone_mode=False) or 0)
        return _refuse(_INTERRUPTED) if code == _SIGINT else code
    except (KeyboardInterrupt, typer.Abort):
        return _refuse(_INTERRUPTED)
    except typer.Exit as leave:
        return leave.exit_code
    except _Usage as error:
        return _misused(error)
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise  # a fault of ours: the traceback is what its report needs
        return _refuse(sentence)


def _front(arguments: list[str] | None) -> list[str]:
    """`--threads N` first, wherever it was given: it has to be known before any command is looked at."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for at, word in enumerate(given):
        if word == "--threads" and at + 1 < len(given):
            return [word, given[at + 1], *given[:at], *given[at + 2 :]]
        if word.startswith("--threads="):
            return [word, *given[:at], *given[at + 1 :]]
    return given


def _misused(error: Exception) -> int:
    message, context = error.format_message(), getattr(error, "ctx", None)
    if message.startswith("Usage:"):  # a group without a command answers with its help
        print(message, file=sys.stderr)
        return 2
    hint = "" if context is None else f" See '{context.command_path} --help'."
    return _refuse(message.rstrip(".") + "." + hint)


def _sentence(error: Exception) -> str | None:
    """What to tell the user; None for what no user can mend."""
    from .core import InputError, explain

    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return "Out of memory: use a smaller domain, shorter periods or fewer --members, or a machine with more."
    if isinstance(error, OSError):
        return str(explain(error, error.filename or "the output"))
    return None


def _refuse(sentence: str) -> int:
    print(f"synoptax: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
