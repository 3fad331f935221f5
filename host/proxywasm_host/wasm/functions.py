"""Functions of components in both directions: exports as Python callables, Python callables as imports.

A `Signature` is compiled once per function (see the package `values`). Calls may be nested, a host function calling
another instance, and instances may run in different threads: nothing is shared between two calls.
"""

from __future__ import annotations

import ctypes
import itertools
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from wasmtime import Store, WasmtimeError
from wasmtime import _ffi as ffi
from wasmtime.component import Func, FuncType, Instance, LinkerInstance, OptionType, ResultType, ValType
from wasmtime.component._types import String

from .values import VALUE_SIZE, Bounds, Excess, Lower, compile_type, unbounded


class Misfit(TypeError):
    """An argument does not fit the type of its parameter. No guest code has run."""


_MISFITS: Final = (TypeError, ValueError, OverflowError, struct.error)
"""What lowering raises: `ValueError` includes a string with a lone surrogate, which has no UTF-8."""


# Own function objects, because the argument types are set differently than in wasmtime-py: plain addresses cost less
# than typed pointers. Those that only touch the heap keep the GIL: giving it up costs more than they do.
_heap = ctypes.PyDLL(None, handle=ffi.dll._handle)
_value_delete = _heap["wasmtime_component_val_delete"]
_value_delete.argtypes = [ctypes.c_void_p]
_value_delete.restype = None
_value_clone = _heap["wasmtime_component_val_clone"]
_value_clone.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
_value_clone.restype = None
_error_new = _heap["wasmtime_error_new"]
_error_new.argtypes = [ctypes.c_char_p]
_error_new.restype = ctypes.c_void_p
_func_call = ffi.dll["wasmtime_component_func_call"]
_func_call.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_size_t,
]
_func_call.restype = ctypes.c_void_p

_Slot = ctypes.c_uint64 * (VALUE_SIZE // 8)
"""Memory for one result. Filled with zeros it is a valid value that owns no memory."""


class Signature:
    """The compiled type of one function. It belongs to no store: compile once, bind in each instance.

    Args:
        name: how error messages call the function.
        ty: its type, from a component's imports or exports.
        bounds: how large what the guest sends may be; a path there begins with the last word of `name`.
    """

    def __init__(self, name: str, ty: FuncType, bounds: Bounds = unbounded) -> None:
        self.name = name
        self.ty = ty
        place = name.rsplit(maxsplit=1)[-1]
        self.params = [(param, compile_type(each, bounds, (place, param))) for param, each in ty.params]
        self.result = None if ty.result is None else compile_type(ty.result, bounds, (place,))

    def within(self, bounds: Bounds) -> Signature:
        """The same function with bounds, for a guest that is not trusted."""
        return Signature(self.name, self.ty, bounds)

    def bind(self, store: Store, func: Func) -> Callable[..., Any]:
        """The function as a Python callable.

        It raises `Misfit` before the guest is entered if an argument does not fit its type; whatever a host function
        raised while the guest ran; `WasmtimeError` for a trap; and `Excess` for a result that is too large, which costs
        the guest nothing.
        """
        handle = ctypes.byref(func._func)
        lower = _lower_all([codec.lower for _, codec in self.params])
        count = len(self.params)
        lift = None if self.result is None else self.result.lift
        results = 0 if lift is None else 1

        def call(*args: Any) -> Any:
            keep: list[bytes] = []
            try:
                images = lower(args, keep)
            except _MISFITS as error:
                raise self._misfit(args) from error
            slot = _Slot()
            failure = _func_call(handle, store._context(), images, count, slot, results)
            if failure:
                raise _raised(failure)
            if lift is None:
                return None
            try:
                return lift(ctypes.addressof(slot))
            finally:
                _value_delete(slot)

        return call

    def define(self, parent: LinkerInstance, name: str, function: Callable[..., Any]) -> None:
        """Let `function` answer the import `name` of `parent`. What it raises surfaces at the outermost call.

        It is not called with arguments that are too large: the guest gets an error where there is one, or nothing.
        """
        refuse = _refusal(self.ty.result)
        lifts = [(codec.lift, index * VALUE_SIZE) for index, (_, codec) in enumerate(self.params)]
        lower = None if self.result is None else self.result.lower

        def answer(args: int, result: int) -> None:
            try:
                values = [lift(args + offset) for lift, offset in lifts]
            except Excess as excess:
                value = refuse(excess)
            else:
                value = function(*values)
            if lower is None:
                return
            keep: list[bytes] = []
            try:
                image = lower(value, keep)
            except _MISFITS as error:
                raise TypeError(f"{self.name}: result: {error}") from error
            _value_clone(image, result)

        key = next(_keys)
        _answers[key] = answer
        encoded = name.encode()
        failure = _linker_add_func(parent.ptr(), encoded, len(encoded), _answer, key, _forget)
        if failure:
            raise _raised(failure)

    def _misfit(self, args: tuple[Any, ...]) -> Misfit:
        """What is wrong with arguments that could not be lowered."""
        if len(args) != len(self.params):
            return Misfit(f"{self.name}: takes {len(self.params)} arguments, got {len(args)}")
        for (name, codec), value in zip(self.params, args, strict=True):
            try:
                codec.lower(value, [])
            except _MISFITS as error:
                return Misfit(f"{self.name}: {name}: {error}")
        raise AssertionError("every argument fits now")


def _refusal(result: ValType | None) -> Callable[[Excess], Any]:
    """The result, of this type, for arguments that are too large."""
    match result:
        case ResultType(err=String()):
            return lambda excess: ("err", str(excess))
        case OptionType():
            return lambda _: None

    def refuse(excess: Excess) -> Any:
        raise excess

    return refuse


def _lower_all(lowers: Sequence[Lower]) -> Callable[[tuple[Any, ...], list[bytes]], bytes]:
    """One image after the other. What a stream calls has three or four parameters; a loop over them takes twice as long
    as this.
    """
    match lowers:
        case [first, second, third]:

            def lower(args: tuple[Any, ...], keep: list[bytes]) -> bytes:
                a, b, c = args
                return first(a, keep) + second(b, keep) + third(c, keep)

        case [first, second, third, fourth]:

            def lower(args: tuple[Any, ...], keep: list[bytes]) -> bytes:
                a, b, c, d = args
                return first(a, keep) + second(b, keep) + third(c, keep) + fourth(d, keep)

        case _:

            def lower(args: tuple[Any, ...], keep: list[bytes]) -> bytes:
                return b"".join([each(value, keep) for each, value in zip(lowers, args, strict=True)])

    return lower


class CoreMemory:
    """The linear memory of an instance; see `core_memory`."""

    def __init__(self, store: Store, item: ffi.wasmtime_extern_t) -> None:
        self._store = store
        self._item = item
        self._handle = ctypes.byref(item.of.memory)

    def size(self) -> int:
        """In bytes."""
        return int(ffi.wasmtime_memory_data_size(self._store._context(), self._handle))

    def read(self, start: int, size: int) -> bytes:
        """The bytes at an address; fewer than `size` if the memory ends there."""
        data = ffi.wasmtime_memory_data(self._store._context(), self._handle)
        return ctypes.string_at(ctypes.addressof(data.contents) + start, max(0, min(size, self.size() - start)))


def core_memory(store: Store, instance: Instance, modules: int) -> CoreMemory | None:
    """The linear memory of a component's instance; None if there is none.

    Wasmtime's interface for components has no way to ask. But a component's core instances are in its store like
    any others, numbered from 0, and the C interface accepts the number of one that exists. A number that does not
    exist would end the process, so `modules` must not be more than there are.
    """
    core = ffi.wasmtime_instance_t(store_id=instance._instance.store_id)
    item = ffi.wasmtime_extern_t()
    for number in range(modules):
        setattr(core, "__private", number)
        if ffi.wasmtime_instance_export_get(store._context(), ctypes.byref(core), b"memory", 6, ctypes.byref(item)):
            if bytes(item)[0] == ffi.WASMTIME_EXTERN_MEMORY.value:
                return CoreMemory(store, item)
            ffi.wasmtime_extern_delete(ctypes.byref(item))
    return None


class _Pending(threading.local):
    """The exception that a host function raised on this thread, on its way to the outermost call."""

    exception: BaseException | None = None


_pending = _Pending()


def host_exception() -> BaseException | None:
    """Take the exception that a host function raised on this thread, if it did not reach its caller yet."""
    exception = _pending.exception
    _pending.exception = None
    return exception


def _raised(failure: int) -> BaseException:
    error = WasmtimeError._from_ptr(ctypes.cast(failure, ctypes.POINTER(ffi.wasmtime_error_t)))
    return host_exception() or error


# Host functions by the number that Wasmtime passes back; it also says when the last linker and instance that can call
# one is gone.
_answers: dict[int, Callable[[int, int], None]] = {}
_keys = itertools.count(1)

_Answer = ctypes.CFUNCTYPE(
    ctypes.c_size_t,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_void_p,
    ctypes.c_size_t,
)
_Forget = ctypes.CFUNCTYPE(None, ctypes.c_size_t)


@_Answer
def _answer(key, _context, _type, args, _nargs, results, _nresults):  # type: ignore[no-untyped-def]
    try:
        _answers[key](args, results)
    except BaseException as error:  # KeyboardInterrupt, too, would be lost in a C frame
        _pending.exception = error
        return _error_new(b"a host function raised a Python exception")
    return 0


@_Forget
def _forget(key, forget=_answers.pop):  # type: ignore[no-untyped-def]
    # Bound early: it may run after this module was torn down.
    forget(key, None)


_linker_add_func = ffi.dll["wasmtime_component_linker_instance_add_func"]
_linker_add_func.argtypes = [
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_size_t,
    _Answer,
    ctypes.c_size_t,
    _Forget,
]
_linker_add_func.restype = ctypes.c_void_p
