"""Compiled value conversion for Wasmtime's component API.

`wasmtime.component` derives types again at every call and walks `wasmtime_component_val_t` with ctypes accessors. Here
a type is compiled once into a pair of closures, and a call is two to ten times as fast. Python values are plain:

==================  ====================================================================================
WIT                 Python
==================  ====================================================================================
bool, ints, floats  `bool`, `int`, `float`
string, enum        `str` (an enum is the name of its case); `bytes` where a string's `Bound` says `raw`
list<u8>            `bytes`
list<T>             `list`
tuple, record       `tuple`, a record in the order of its fields
option<T>           the value or `None`; an option of an option is refused, `None` would be ambiguous
variant             `(case, value)`, the value is `None` where the case has no payload
result              a variant with the cases `ok` and `err`
==================  ====================================================================================

Ownership is what makes hand-written conversion dangerous, so it is decided once, in three rules:

1. Lowering builds an image of the value in memory that Python owns (immutable `bytes`, pointing at one another).
   Wasmtime only reads arguments, so nothing has to be freed, also when lowering fails half-way.
2. Lifting only reads. What a guest returned is freed by one `wasmtime_component_val_delete` at its root.
3. What a host function returns passes to Wasmtime: a deep copy of the image, by `wasmtime_component_val_clone`.

What a guest sends is measured before it is lifted: see `bounds`.
"""

from .bounds import Bound, Bounds, Cut, Excess, Path, unbounded
from .codec import Codec, Lift, Lower
from .memory import VALUE_SIZE
from .types import compile_type

__all__ = [
    "VALUE_SIZE",
    "Bound",
    "Bounds",
    "Codec",
    "Cut",
    "Excess",
    "Lift",
    "Lower",
    "Path",
    "compile_type",
    "unbounded",
]
