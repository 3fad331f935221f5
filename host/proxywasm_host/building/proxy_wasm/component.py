"""Read a component: its core modules, how they are wired to each other, and what is left to its surroundings.

Only the parts of the component model's binary format that wiring needs (component-model/design/mvp/Binary.md);
types are counted and stepped over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from .binary import COMPONENT_HEADER, MalformedError, Reader, sections


@dataclass(frozen=True, slots=True)
class Export:
    """An export of one of the component's core instances."""

    instance: int
    name: str


@dataclass(frozen=True, slots=True)
class HostFunc:
    """A function of the component's imports. Versions are cut off: `wasi:io/streams`, not `wasi:io/streams@0.2.9`."""

    interface: str
    name: str


@dataclass(frozen=True, slots=True)
class DropHandle:
    """Gives back a handle to one of the host's resources."""


Item: TypeAlias = Export | HostFunc | DropHandle


@dataclass(frozen=True, slots=True)
class Instantiated:
    """A core module that runs. `arguments`: import module name -> core instance."""

    module: memoryview
    arguments: dict[str, int]


@dataclass(frozen=True, slots=True)
class Inline:
    """A core instance that only groups items of other instances."""

    items: dict[str, Item]


@dataclass(frozen=True, slots=True)
class Lifted:
    """A core function seen as a function of the component."""

    func: Item
    post_return: Item | None


Func: TypeAlias = HostFunc | Lifted | None

_CORE_FUNC, _CORE_TABLE, MEMORY, _CORE_GLOBAL, _CORE_TAG = range(5)
_CORE, _FUNC, _VALUE, _TYPE, _COMPONENT, _INSTANCE = range(6)


@dataclass(slots=True)
class Component:
    """Index spaces, filled in the order of the sections."""

    modules: list[memoryview] = field(default_factory=list)
    core_instances: list[Instantiated | Inline] = field(default_factory=list)
    core: dict[int, list[Item]] = field(
        default_factory=lambda: {sort: [] for sort in (_CORE_FUNC, _CORE_TABLE, MEMORY, _CORE_GLOBAL, _CORE_TAG)}
    )
    funcs: list[Func] = field(default_factory=list)
    instances: list[str | None] = field(default_factory=list)
    """Imported instances by name; None for the others, which the core modules do not import from."""
    exports: dict[str, Lifted] = field(default_factory=dict)
    """Exported functions (not those of exported interfaces)."""
    allocators: dict[str, Item] = field(default_factory=dict)
    """Imported interface -> who allocates what its functions return."""

    def origin(self, item: Item) -> Item:
        """Follow an item through grouping instances to the instance that exports it."""
        while isinstance(item, Export) and isinstance(bag := self.core_instances[item.instance], Inline):
            item = bag.items[item.name]
        return item


def read_component(data: bytes) -> Component:
    component = Component()
    readers: dict[int, Callable[[Component, Reader], None]] = {
        2: _core_instance,
        5: _instance,
        6: _alias,
        8: _canonical,
        10: _import,
        11: _export,
    }
    for number, body in sections(data, COMPONENT_HEADER):
        if number == 1:
            component.modules.append(body)
        elif read := readers.get(number):
            reader = Reader(body)
            for _ in range(reader.u32()):
                read(component, reader)
    return component


def _core_instance(component: Component, reader: Reader) -> None:
    if reader.byte() == 0:
        module = component.modules[reader.u32()]

        def argument() -> tuple[str, int]:
            name, _sort, instance = reader.name(), reader.byte(), reader.u32()
            return name, instance

        component.core_instances.append(Instantiated(module, dict(reader.vector(argument))))
    else:

        def item() -> tuple[str, Item]:
            name, sort, index = reader.name(), reader.byte(), reader.u32()
            return name, component.core[sort][index]

        component.core_instances.append(Inline(dict(reader.vector(item))))


def _instance(component: Component, reader: Reader) -> None:
    if reader.byte() == 0:
        reader.u32()
        reader.vector(lambda: (reader.name(), _sort_and_index(reader)))
    else:
        reader.vector(lambda: (_extern_name(reader), _sort_and_index(reader)))
    component.instances.append(None)


def _sort_and_index(reader: Reader) -> tuple[int, int]:
    sort = reader.byte()
    if sort == _CORE:
        reader.byte()
    return sort, reader.u32()


def _alias(component: Component, reader: Reader) -> None:
    sort = reader.byte()
    core_sort = reader.byte() if sort == _CORE else -1
    target = reader.byte()
    if target == 2:
        reader.u32(), reader.u32()
        return
    instance, name = reader.u32(), reader.name()
    if target == 1:
        component.core[core_sort].append(Export(instance, name))
    elif sort == _FUNC:
        interface = component.instances[instance]
        component.funcs.append(HostFunc(interface, name) if interface is not None else None)
    elif sort == _INSTANCE:
        component.instances.append(None)


def _canonical(component: Component, reader: Reader) -> None:
    core_funcs = component.core[_CORE_FUNC]
    operation = reader.byte()
    if operation == 0:
        reader.byte()
        func = core_funcs[reader.u32()]
        post_return = _options(reader).get(_POST_RETURN)
        reader.u32()
        component.funcs.append(Lifted(func, None if post_return is None else core_funcs[post_return]))
    elif operation == 1:
        reader.byte()
        host_func = component.funcs[reader.u32()]
        if not isinstance(host_func, HostFunc):
            raise MalformedError("the component calls one of its own exported functions")
        realloc = _options(reader).get(_REALLOC)
        if realloc is not None:
            component.allocators[host_func.interface] = core_funcs[realloc]
        core_funcs.append(host_func)
    elif operation in {3, 7}:
        reader.u32()
        core_funcs.append(DropHandle())
    else:
        raise MalformedError(f"the component uses a built-in that cannot be lowered (canon {operation:#x})")


_MEMORY_OPTION, _REALLOC, _POST_RETURN = 3, 4, 5


def _options(reader: Reader) -> dict[int, int]:
    """Canonical options that have an index."""
    indices: dict[int, int] = {}
    for _ in range(reader.u32()):
        option = reader.byte()
        if option in {_MEMORY_OPTION, _REALLOC, _POST_RETURN}:
            indices[option] = reader.u32()
        elif option > _MEMORY_OPTION:
            raise MalformedError(f"a function uses canonical option {option:#x}, which cannot be lowered")
    return indices


def _extern_name(reader: Reader) -> str:
    reader.byte()
    return reader.name()


def _import(component: Component, reader: Reader) -> None:
    name = _extern_name(reader).partition("@")[0]
    sort = _extern_type(reader)
    if sort == _FUNC:
        component.funcs.append(HostFunc("", name))
    elif sort == _INSTANCE:
        component.instances.append(name)


def _export(component: Component, reader: Reader) -> None:
    name = _extern_name(reader)
    sort, index = _sort_and_index(reader)
    if reader.byte():
        _extern_type(reader)
    # An export gets an index of its own.
    if sort == _FUNC:
        func = component.funcs[index]
        component.funcs.append(func)
        if isinstance(func, Lifted):
            component.exports[name] = func
    elif sort == _INSTANCE:
        component.instances.append(None)


def _extern_type(reader: Reader) -> int:
    sort = reader.byte()
    if sort == _CORE:
        reader.byte()
    # A type is imported with a bound: `eq` with an index, or `sub resource` without one.
    if sort != _TYPE or reader.byte() == 0:
        reader.u32()
    return sort
