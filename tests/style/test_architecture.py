"""The house rules that a machine can check."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import equinox as eqx
import pytest

import synoptax
from synoptax.core.catalogue import is_final

ROOT = Path(inspect.getfile(synoptax)).parent
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [m.name for m in pkgutil.walk_packages([str(ROOT)], "synoptax.") if not m.name.endswith("__main__")]
CLASSES = sorted(
    {
        value
        for name in NAMES
        for value in vars(importlib.import_module(name)).values()
        if inspect.isclass(value) and issubclass(value, eqx.Module) and value.__module__.startswith("synoptax.")
    },
    key=lambda c: (c.__module__, c.__qualname__),
)
METHOD_PACKAGES = ("downscale", "emulate", "assimilate")
METHODS = (synoptax.downscale.AbstractMethod, synoptax.assimilate.AbstractAnalysis)
WORDS = {"Use it": ("Use it", "When to use"), "Cost": ("Cost", "cost", "Needs no training")}
SECTIONS = ("Use it", "Cost", "**Good values:**", "**Fails when:**", "Reference:")


def test_the_collection_is_not_empty():
    assert len(FILES) > 60 and len(CLASSES) > 60


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_size_law(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400, f"{path.name} has more than 400 lines: split it by concept"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1
            assert lines <= 60, f"{path.name}: {node.name} has {lines} lines, at most 60 are allowed"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: f"{c.__module__}.{c.__qualname__}")
def test_abstract_or_final(cls):
    for parent in cls.__mro__[1:]:
        if parent in CLASSES:
            assert not is_final(parent), (
                f"{cls.__name__} derives from the final class {parent.__name__}: wrap it instead"
            )
    if cls.__name__.startswith("Abstract"):
        assert cls.__subclasses__() or inspect.isabstract(cls)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: f"{c.__module__}.{c.__qualname__}")
def test_a_method_is_implemented_once(cls):
    for name, value in vars(cls).items():
        if name.startswith("__") or not inspect.isfunction(value):
            continue
        for parent in cls.__mro__[1:]:
            inherited = vars(parent).get(name)
            if parent.__module__.startswith("synoptax.") and inspect.isfunction(inherited):
                assert getattr(inherited, "__isabstractmethod__", False), (
                    f"{cls.__name__}.{name} overrides {parent.__name__}"
                )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_super_hasattr_or_print(path):
    allowed = {"commands", "cli.py"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"super", "hasattr"} or "core" in path.parts, f"{path.name}:{node.lineno}"
            if node.func.id == "print":
                assert allowed & set(path.relative_to(ROOT).parts), f"{path.name}:{node.lineno} prints"


def _exported(package: str) -> list[type]:
    module = importlib.import_module(f"synoptax.{package}")
    return [v for v in vars(module).values() if inspect.isclass(v) and issubclass(v, METHODS) and is_final(v)]


@pytest.mark.parametrize("package", METHOD_PACKAGES)
def test_one_public_class_a_file_and_one_export_line(package):
    source = (ROOT / package / "__init__.py").read_text()
    files = [inspect.getfile(cls) for cls in _exported(package)]
    assert len(files) == len(set(files))
    for cls in _exported(package):
        assert source.count(f"import {cls.__name__} as {cls.__name__}") == 1


@pytest.mark.parametrize("package", METHOD_PACKAGES)
def test_docstrings_of_methods_have_the_sections(package):
    for cls in _exported(package):
        doc = inspect.getdoc(cls) or ""
        for section in SECTIONS:
            words = {"Use it": ("Use it", "When to use"), "Cost": ("Cost", "cost", "Needs no training")}.get(
                section, (section,)
            )
            assert any(w in doc for w in words), f"{cls.__name__} lacks '{section}'"


def test_methods_never_see_the_evaluation_truth():
    from synoptax import assimilate, downscale, emulate

    seeing = (*METHODS, downscale.AbstractDownscaler)
    for name, cls in {**vars(downscale), **vars(emulate), **vars(assimilate)}.items():
        if inspect.isclass(cls) and issubclass(cls, seeing):
            for method in vars(cls).values():
                if inspect.isfunction(method):
                    assert not {"truth", "test"} & set(inspect.signature(method).parameters), name
