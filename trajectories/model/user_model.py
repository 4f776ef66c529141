"""A model from a Python file of the user's own: `[system] file = "own_model.py", function = "build"`."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from trajectories.errors import InputError, kind, listing, nearest
from trajectories.model.conversion import toml_value
from trajectories.model.validation import checking

if TYPE_CHECKING:
    from trajectories.model.model import Model


def build(file: Path, function: str, parameters: Mapping[str, Any]) -> Model:
    """Return the Model that `function(**parameters)` of a Python file makes.

    file: path of the Python file. function: name of a function in it. parameters: keyword arguments.
    Raises InputError naming file and function where the file is missing or fails to load, the function is missing,
    does not take these parameters, raises, or returns something other than a Model.
    """
    return builder(file, function, parameters)(**parameters)


def builder(file: Path, function: str, parameters: Mapping[str, Any]) -> Callable[..., Model]:
    """Return `function` of a Python file, loaded once, as `build` calls it.

    file, function: as for `build`. parameters: keyword arguments that it is going to be given, whatever their values.
    """
    target, where = _function(file, function), f"{file}: {function}"
    _check_arguments(target, where, parameters)
    return lambda **values: _called(target, where, values, file)


def call(target: Callable[..., Any], where: str, parameters: Mapping[str, Any]) -> Model:
    """Call `target(**parameters)` and return the Model it makes.

    where: opens error messages. Raises InputError where the function does not take these parameters, raises, or
    returns something other than a Model.
    """
    _check_arguments(target, where, parameters)
    return _called(target, where, parameters, None)


def _called(target: Callable[..., Any], where: str, parameters: Mapping[str, Any], file: Path | None) -> Model:
    """Return the Model that a function makes; file: the Python file that it comes from, if known."""
    from trajectories.model.model import Model

    try:
        model = target(**parameters)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (Exception, SystemExit) as error:
        raise InputError(f"{where} raised {_one_line(error, file)}") from error
    if not isinstance(model, Model):
        raise InputError(f"{where} returned {kind(model)}: must return a trajectories.Model")
    if model.parameters or not checking():
        return model
    # Where a function says nothing of its parameters, they are what the run file gave it, and its defaults.
    return model.showing(shown({**defaults(target), **parameters}))


def shown(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return those parameters that can be shown and stored: numbers, strings, true and false, and lists of them."""
    plain_ones = {name: toml_value(value) for name, value in parameters.items()}
    return {name: value for name, value in plain_ones.items() if _storable(value)}


def _storable(value: Any) -> bool:
    return all(map(_storable, value)) if isinstance(value, list) else isinstance(value, bool | int | float | str)


def defaults(target: Callable[..., Any]) -> dict[str, Any]:
    """Return the default values of a function's parameters, by name."""
    arguments = inspect.signature(target).parameters.values()
    return {
        argument.name: argument.default for argument in arguments if argument.default is not inspect.Parameter.empty
    }


def parameters(file: Path, function: str) -> tuple[frozenset[str] | None, dict[str, Any]]:
    """Return the names of the function's arguments, None where it takes any, and the defaults of those with one.

    Raises InputError where file or function are missing.
    """
    target = _function(file, function)
    arguments = inspect.signature(target).parameters.values()
    takes_any = any(argument.kind is argument.VAR_KEYWORD for argument in arguments)
    return None if takes_any else frozenset(argument.name for argument in arguments), defaults(target)


def _function(file: Path, function: str) -> Callable[..., Any]:
    module = _load(file)
    target = getattr(module, function, None)
    if not callable(target):
        defined = [name for name, value in vars(module).items() if inspect.isfunction(value) and name[0] != "_"]
        raise InputError(
            f"{file}: has no function {function}; {nearest(function, defined)}it has {listing(defined) or 'none'}"
        )
    return target


def _load(file: Path) -> ModuleType:
    """Execute the file as a module, with its own directory importable while it loads."""
    if not file.is_file():
        raise InputError(
            f"{file}: no such file: [system] file must be a Python file, its path relative to the run file"
        )
    name = f"trajectories_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None:
        raise InputError(f"{file}: is not a Python file: [system] file must end in .py")
    module = importlib.util.module_from_spec(spec)
    # Compiled from the text every time: a cached .pyc is trusted by its time stamp, and would be left beside the run
    # file.
    sys.path.insert(0, str(file.parent.resolve()))
    sys.modules[name] = module
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        raise InputError(f"{file}: cannot be loaded: {_one_line(error, file)}") from error
    finally:
        sys.path.remove(str(file.parent.resolve()))
    return module


def _check_arguments(target: Callable[..., Any], where: str, parameters: Mapping[str, Any]) -> None:
    """Raise InputError unless the parameters fit the signature: a TypeError raised later is the function's own."""
    signature = inspect.signature(target)
    known = [p.name for p in signature.parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    for name in parameters:
        if name not in known and not takes_any:
            raise InputError(
                f"{where}: unknown parameter {name}; {nearest(name, known)}it takes {listing(known) or 'none'}"
            )
    missing = [
        name
        for name in known
        if signature.parameters[name].default is inspect.Parameter.empty and name not in parameters
    ]
    if missing:
        raise InputError(f"{where}: parameter {missing[0]} is missing; it takes {listing(known)}")


def _one_line(error: BaseException, file: Path | None) -> str:
    """Return `ValueError: message (line 12)`: the exception with the line of the user's file it came from."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else (lines[-1] if lines else None)
    text = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {text or 'no message'}" + (f" (line {line})" if line else "")
