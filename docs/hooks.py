"""Tables in the docs that are read off the catalogue, so that they cannot fall behind the code."""

import inspect
from types import ModuleType


def on_page_markdown(markdown: str, **_: object) -> str:
    """Replaces marks such as `{{ methods }}` and `{{ metrics }}` by their tables."""
    from synoptax import assimilate, downscale, dynamics, emulate, observe, verify

    for mark, package, base in (
        ("{{ methods }}", downscale, downscale.AbstractMethod),
        ("{{ forecasts }}", emulate, downscale.AbstractMethod),
        ("{{ metrics }}", verify, verify.AbstractMetric),
        ("{{ analyses }}", assimilate, assimilate.AbstractAnalysis),
        ("{{ systems }}", dynamics, dynamics.AbstractSystem),
        ("{{ operators }}", observe, observe.AbstractObservation),
        ("{{ covariances }}", observe, observe.AbstractRoot),
    ):
        if mark in markdown:
            markdown = markdown.replace(mark, table(package, base))
    return markdown


def table(package: ModuleType, base: type) -> str:
    """One row a class: name, first line of the docstring, claims that the test suite checks."""
    from synoptax.core import entries

    rows = ["| name | what it is | claims, each a law in the tests |", "|---|---|---|"]
    for name, cls in entries(package, base).items():
        first = (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        claims = ", ".join(sorted(c.replace("_", " ") for c in cls.claims))
        rows.append(f"| `{name}` | {first} | {claims} |")
    return "\n".join(rows)
