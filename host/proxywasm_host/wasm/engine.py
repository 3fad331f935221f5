"""Compile components, once for each machine: the user's cache folder keeps the machine code."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import wasmtime
from wasmtime import component as wasm

from .compiled import CompiledComponents
from .compiling import CompilerLostError, RefusedError, Settings
from .component_file import ComponentError, check_world, count_modules, read_component, reason
from .functions import Signature
from .limits import DEFAULT_LIMITS, Limits
from .seal import is_changed
from .ticker import Ticker
from .world_bounds import bounds

__all__ = ["Component", "ComponentError", "Engine", "reason"]


@dataclass(frozen=True, slots=True)
class Component:
    """A compiled plugin, to be instantiated any number of times, from any thread.

    Attributes:
        engine: what it was compiled for.
        code: the component itself.
        exports: the functions of the world `http-plugin`.
        imports: by interface (with its version) the functions that the host answers, or may answer, itself.
        ticker: ends calls that take too long.
        modules: how many core modules an instance of it has at least.
    """

    engine: wasmtime.Engine
    code: wasm.Component
    exports: dict[str, tuple[wasm.ExportIndex, Signature]]
    imports: dict[str, dict[str, Signature]]
    ticker: Ticker
    modules: int
    _within: dict[Limits, Component] = field(default_factory=dict, repr=False, compare=False)

    def within(self, limits: Limits) -> Component:
        """The same component, with functions that accept only results within these limits. Cached for each `limits`."""
        found = self._within.get(limits)
        if found is None:
            allowed = bounds(limits)
            exports = {name: (index, function.within(allowed)) for name, (index, function) in self.exports.items()}
            imports = {
                interface: {name: function.within(allowed) for name, function in functions.items()}
                for interface, functions in self.imports.items()
            }
            found = self._within[limits] = replace(self, exports=exports, imports=imports)
        return found


class Engine:
    """Compiles components and runs them. One per process is enough; threads may share it.

    Args:
        stack: bytes for nested calls inside a component; see `Limits.stack`.
        optimize: False compiles in half the time, to code that is slower: for a component that will not run for long.
    """

    def __init__(self, *, stack: int = DEFAULT_LIMITS.stack, optimize: bool = True) -> None:
        settings = Settings(stack, optimize)
        self.engine = settings.engine()
        self.ticker = Ticker(self.engine)
        self._cache = CompiledComponents(self.engine, settings)

    def load(self, path: str | os.PathLike[str]) -> Component:
        """Compile a plugin, or take it from the cache.

        The first time takes seconds, later ones less than 0.1 s, most of it to hash 20 + 33 MB. A child process
        compiles, so this process takes no more memory than if the code had been in the cache.

        Raises:
            ComponentError: the file is not a component, is damaged, is not built for the world `http-plugin`, or cannot
                be compiled here.
        """
        path = Path(path)
        data = read_component(path)
        code = self._compiled(path, data)
        exports, imports = check_world(path, self.engine, code)
        return Component(self.engine, code, exports, imports, self.ticker, count_modules(data))

    def compile(self, path: str | os.PathLike[str]) -> wasm.Component:
        """Compile a component for any world, or take it from the cache.

        Raises:
            ComponentError: the file is not a component, is damaged, or cannot be compiled here.
        """
        path = Path(path)
        return self._compiled(path, read_component(path))

    def _compiled(self, path: Path, data: bytes) -> wasm.Component:
        code = self._cache.find(data)
        if code is not None:
            return code
        if is_changed(data):
            raise ComponentError(
                f"{path}: was changed after it was built: delete it and build it again, or copy it once more"
            )
        try:
            return self._cache.make(data)
        except RefusedError as error:
            raise ComponentError(f"{path}: is damaged or cut off, build it again ({reason(error)})") from error
        except CompilerLostError as error:
            raise ComponentError(f"{path}: cannot be compiled: {error}") from error
        except OSError as error:
            raise ComponentError(
                f"{path}: cannot be compiled: there is no room for its code: {error.strerror}; set TMPDIR to a folder "
                "that has some"
            ) from error
