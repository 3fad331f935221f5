"""Compile a component in a child process.

Compiling takes some twenty times the size of the component in memory, and the process keeps most of it afterwards. So a
child process compiles. It reads only the bytes of the component and writes only machine code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import wasmtime
from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime import component as wasm

_SINGLE_PASS: Final = 1
"""`WASMTIME_REGALLOC_ALGORITHM_SINGLE_PASS`"""
_NEEDS: Final = 20
"""Bytes of memory for each byte of a component."""

# What the child needs of the environment: where the system finds libraries and folders, and how many threads Wasmtime
# may start. It gets no other variable: some contain credentials.
_ENVIRONMENT: Final = (
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "PATH",
    "RAYON_NUM_THREADS",
    "SYSTEMROOT",
    "TEMP",
)
# `-I -S`: no variable, `.pth` file or module in the current folder changes what runs. The two packages that it needs
# come from where this process has them.
_OPTIONS: Final = ("-I", "-S", "-X", "utf8")
_PROGRAM: Final = "import sys; sys.path += sys.argv[3:]; from proxywasm_host.wasm.compiling import main; main()"
# How the child ends. Python itself uses 1, 2 and 120.
_REFUSED: Final = 10
_UNWRITTEN: Final = 11


class RefusedError(Exception):
    """Wasmtime refuses the component. The message is Wasmtime's."""


class CompilerLostError(Exception):
    """The child could not be started, or ended early. The message says how, and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How components are compiled.

    Attributes:
        stack: bytes for nested calls inside a component.
        optimize: False compiles in half the time, to code that is slower.
    """

    stack: int
    optimize: bool

    def engine(self) -> wasmtime.Engine:
        config = wasmtime.Config()
        config.epoch_interruption = True
        # Not used, but Wasmtime ends the process if it is less than the other.
        ffi.wasmtime_config_async_stack_size_set(config.ptr(), self.stack)
        config.max_wasm_stack = self.stack
        # For components that are asynchronous inside. Ours are not, and a call is 1.5 us faster without.
        ffi.wasmtime_config_concurrency_support_set(config.ptr(), False)
        if not self.optimize:
            config.cranelift_opt_level = "none"
            ffi.wasmtime_config_cranelift_regalloc_algorithm_set(config.ptr(), _SINGLE_PASS)
        return wasmtime.Engine(config)

    @property
    def name(self) -> str:
        """A name for the settings that machine code depends on."""
        return f"epochs, no concurrency, {'optimized' if self.optimize else 'quick'}"


def compile_to(file: IO[bytes], data: bytes, settings: Settings) -> None:
    """Write the machine code of a component to a file, at its start.

    Raises:
        RefusedError: it is no valid component.
        CompilerLostError: the child ended, so it is unknown whether it is valid.
        OSError: the file cannot be written.
    """
    packages = [Path(__file__).parents[2], Path(wasmtime.__file__).parents[1]]
    arguments = [str(settings.stack), str(int(settings.optimize)), *map(str, packages)]
    if not sys.executable:
        raise CompilerLostError("`sys.executable` is empty: there is no Python to start")
    try:
        # If this is interrupted, it ends the child and waits for it.
        done = subprocess.run(  # noqa: S603  # our own interpreter and module, no shell
            [sys.executable, *_OPTIONS, "-c", _PROGRAM, *arguments],
            input=data,
            stdout=file,
            stderr=subprocess.PIPE,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            check=False,
        )
    except OSError as error:
        raise CompilerLostError(f"{sys.executable} cannot be started: {error.strerror}") from error
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == _REFUSED:
        raise RefusedError(said)
    if done.returncode == _UNWRITTEN:
        raise OSError(int(said), os.strerror(int(said)))
    if done.returncode:
        memory = f"it takes some {max(1, _NEEDS * len(data) // 1_000_000)} MB of memory, make sure that they are free"
        raise CompilerLostError(f"the process that does it {_end(done.returncode)}; {memory}\n{said}".rstrip())


def _end(status: int) -> str:
    if status > 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def main() -> None:
    """The child process: reads a component and writes machine code."""
    # A Ctrl-C reaches it, too, and would otherwise wait until Wasmtime is done. What runs in the background ignores it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    settings = Settings(int(sys.argv[1]), bool(int(sys.argv[2])))
    data = sys.stdin.buffer.read()
    try:
        code = memoryview(wasm.Component(settings.engine(), data).serialize())
    except WasmtimeError as error:
        sys.stderr.write(str(error))
        sys.exit(_REFUSED)
    try:
        while code:
            code = code[os.write(sys.stdout.fileno(), code) :]
    except OSError as error:
        sys.stderr.write(str(error.errno))
        sys.exit(_UNWRITTEN)
