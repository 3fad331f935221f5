"""Resolve every import of a component's core modules to the instance that defines it, or to the shim."""

from __future__ import annotations

from dataclasses import dataclass

from .binary import MalformedError
from .component import MEMORY, Component, DropHandle, Export, HostFunc, Inline, Instantiated, Item
from .module import Import, Signature, acts_by_itself, export_signature, rename_imports
from .parts import Parts

SHIM = "shim"
DROP = "drop-handle"
NOTHING = "nothing"
_DROP_SIGNATURE = Signature(("i32",), ())


@dataclass(frozen=True, slots=True)
class Linked:
    """Core modules that name each other (`i<instance>`) and the shim in their imports."""

    modules: dict[str, bytes | memoryview]
    snapshot_of: str
    """The module that holds memory."""
    wanted: dict[HostFunc, Signature]
    """What the shim has to provide."""
    callbacks: dict[str, tuple[Export, Export | None]]
    """The component's exported functions, each with the function to call after it."""
    allocators: dict[str, Export]
    memory: Export

    def signature(self, func: Export) -> Signature:
        return export_signature(self.modules[instance_name(func.instance)], func.name)


class Linker:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.component = parts.component
        self.wanted: dict[HostFunc, Signature] = {}
        self.linked: dict[str, bytes | memoryview] = {}
        self.fixup, self.ends = _host_calls(parts.component)

    def link(self) -> Linked:
        callbacks = {
            name: (self._own(lifted.func), None if lifted.post_return is None else self._own(lifted.post_return))
            for name, lifted in self.component.exports.items()
        }
        if not callbacks:
            raise MalformedError("the component exports no function")
        allocators = {interface: self._own(item) for interface, item in self.component.allocators.items()}
        memories = {self.resolve(item) for item in self.component.core[MEMORY]}
        if len(memories) != 1:
            raise MalformedError(f"the component has {len(memories)} memories, expected one")
        memory = self._own(memories.pop())
        pending = [item.instance for pair in callbacks.values() for item in pair if item]
        pending += [item.instance for item in [*allocators.values(), memory]]
        pending += [
            index
            for index, instance in enumerate(self.component.core_instances)
            if isinstance(instance, Instantiated) and instance is not self.fixup and acts_by_itself(instance.module)
        ]
        # Instances that nothing uses are left out, such as the adapter for WASI 0.1.
        while pending:
            index = pending.pop()
            if instance_name(index) not in self.linked:
                pending += self._link_instance(index)
        return Linked(self.linked, instance_name(memory.instance), self.wanted, callbacks, allocators, memory)

    def _link_instance(self, index: int) -> list[int]:
        instance = self.component.core_instances[index]
        if not isinstance(instance, Instantiated):
            raise MalformedError("expected a module, found a bag of items")
        leads_to: list[int] = []

        def rename(wanted: Import) -> tuple[str, str]:
            item = self.resolve(Export(instance.arguments[wanted.module], wanted.field))
            if isinstance(item, Export):
                leads_to.append(item.instance)
                return instance_name(item.instance), item.name
            if item == ADAPTER_RESET:
                return SHIM, NOTHING
            if isinstance(item, DropHandle):
                if wanted.signature != _DROP_SIGNATURE:
                    raise MalformedError(f"{wanted.field} does not look like a resource's drop")
                return SHIM, DROP
            assert wanted.signature is not None
            if self.wanted.setdefault(item, wanted.signature) != wanted.signature:
                raise MalformedError(f"{item.interface} {item.name} is imported with two signatures")
            return SHIM, shim_export(item)

        # Filled before the neighbours are visited: libraries import from each other.
        self.linked[instance_name(index)] = rename_imports(self.parts.module(index), rename)
        return leads_to

    def resolve(self, item: Item) -> Item:
        """Follow an item to its definition, through grouping instances and functions that only call another one."""
        while isinstance(item := self.component.origin(item), Export):
            if item in self.ends:
                item = self.ends[item]
            elif item.name == "reset_adapter_state":
                return ADAPTER_RESET
            else:
                return item
        return item

    def _own(self, item: Item) -> Export:
        resolved = self.resolve(item)
        if not isinstance(resolved, Export):
            raise MalformedError(f"expected a function of the component itself, found {resolved}")
        return resolved


# The adapter for WASI 0.1 is only there because Python's memory was initialised through it; nothing else calls it.
ADAPTER_RESET = HostFunc("", "reset_adapter_state")


def instance_name(index: int) -> str:
    return f"i{index}"


def shim_export(func: HostFunc) -> str:
    return f"{func.interface}#{func.name}"


def _host_calls(component: Component) -> tuple[Instantiated | None, dict[Item, Item]]:
    """The module `fixup` of wit-component, and where the functions of its `shim` lead.

    Host functions that return memory can only be made once memory exists: `shim` exports "0", "1", ..., and `fixup`,
    which imports the real functions under the same names, fills the table.
    """
    for instance in component.core_instances:
        if isinstance(instance, Instantiated) and "" in instance.arguments:
            bag = component.core_instances[instance.arguments[""]]
            table = bag.items.get("$imports") if isinstance(bag, Inline) else None
            if isinstance(bag, Inline) and isinstance(table, Export):
                ends: dict[Item, Item] = {
                    Export(table.instance, name): item for name, item in bag.items.items() if item != table
                }
                return instance, ends
    return None, {}
