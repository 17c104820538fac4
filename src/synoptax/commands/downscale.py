"""`synoptax downscale`: fit, apply, evaluate."""

import typer

app = typer.Typer(help="Downscale your own files.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Downscale your own files."""
