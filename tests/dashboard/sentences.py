"""The sentences that a module can write, read out of its source: numbers stand where they have blanks."""

import ast
import itertools
from types import MappingProxyType

FILL = "7"


def functions_of(tree):
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def named_in(tree):
    """What each name of a function is given, in order."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def constants_of(tree):
    """Likewise of a module alone, without its functions."""
    return named_in(ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], []))


def returned(function, functions, known=MappingProxyType({})):
    """The sentences a function returns or yields, or gives to `result`; `known` are names from around it."""
    named = {**known, **named_in(function)}
    said = [node.value for node in ast.walk(function) if isinstance(node, ast.Return | ast.Yield) and node.value]
    said += named_in(function).get("result", [])[-1:]
    return [words for node in said for words in sentences(node, named, functions)]


def given(name, named):
    """What a name may stand for where it is used: what it was given last before, and what a branch may have left."""
    values = [value for value in named[name.id] if value.lineno < name.lineno] or named[name.id]
    found = [values[-1]]
    for value in reversed(values[:-1]):
        if value.col_offset < found[-1].col_offset:
            found.append(value)
    return found


def sentences(node, named, functions):
    """All sentences an expression can come to, a number in each blank; none where that cannot be told."""
    found = []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = [node.value]
    elif isinstance(node, ast.IfExp):
        found = [words for part in (node.body, node.orelse) for words in sentences(part, named, functions)]
    elif isinstance(node, ast.Name) and node.id in named:
        found = [words for value in given(node, named) for words in sentences(value, named, functions)]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found = joined([node.left, node.right], named, functions)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
        found = returned(functions[node.func.id], functions, named)
    elif isinstance(node, ast.JoinedStr):
        found = joined([getattr(part, "value", part) for part in node.values], named, functions)
    return found


def joined(parts, named, functions):
    """All that parts come to, one after the other."""
    choices = [
        [part] if isinstance(part, str) else sentences(part, named, functions) or [FILL] for part in parts
    ]  # fmt: skip
    return ["".join(chosen) for chosen in itertools.product(*choices)]
