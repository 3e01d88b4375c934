"""The hand-written stub says what the native module has, and nothing else."""

import ast
import inspect
from pathlib import Path

import pytest

import mediacore
from mediacore import _native

STUB = ast.parse((Path(mediacore.__file__).parent / "_native.pyi").read_text(encoding="utf-8"))
CLASSES = [node for node in STUB.body if isinstance(node, ast.ClassDef)]
METHODS = [(stub.name, node) for stub in CLASSES for node in stub.body if isinstance(node, ast.FunctionDef)]


def public(names) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def parameters(node: ast.FunctionDef) -> list[tuple[str, bool]]:
    """Names of the parameters after self, each with whether it is by keyword only."""
    positional = [(argument.arg, False) for argument in node.args.args[1:]]
    return positional + [(argument.arg, True) for argument in node.args.kwonlyargs]


def test_the_module_has_what_the_stub_says():
    functions = [node.name for node in STUB.body if isinstance(node, ast.FunctionDef)]
    constants = [node.target.id for node in STUB.body if isinstance(node, ast.AnnAssign)]
    assert public(dir(_native)) == {*functions, *constants, *(stub.name for stub in CLASSES)}


@pytest.mark.parametrize("stub", CLASSES, ids=lambda stub: stub.name)
def test_a_class_has_the_methods_that_the_stub_says(stub):
    said = public(node.name for node in stub.body if isinstance(node, ast.FunctionDef))
    assert public(dir(getattr(_native, stub.name))) == said


@pytest.mark.parametrize(("owner", "node"), METHODS, ids=lambda value: getattr(value, "name", value))
def test_a_method_takes_the_parameters_that_the_stub_says(owner, node):
    kind = getattr(_native, owner)
    method = kind if node.name == "__new__" else getattr(kind, node.name)
    there = [
        (name, parameter.kind is inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(method).parameters.items()
        if name != "self"
    ]
    assert parameters(node) == there


@pytest.mark.parametrize(("owner", "node"), METHODS, ids=lambda value: getattr(value, "name", value))
def test_every_method_of_the_stub_has_a_docstring(owner, node):
    assert node.name == "__new__" or ast.get_docstring(node), f"{owner}.{node.name}"


def test_a_row_has_as_many_columns_as_its_format():
    assert len(_native.STATS_FORMAT) == 1 + len(_native.STATS_COLUMNS)
