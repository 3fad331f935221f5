"""The layers of a package, and what in it breaks their order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.import_graph import import_graph, module_files

Graph = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Layers:
    """A package below a folder, and its layers from the highest to the lowest.

    A layer lists modules by their names within the package; a folder stands for all modules in it, and the empty name
    for the package itself.
    """

    folder: str
    package: str
    layers: Mapping[str, Collection[str]]

    def graph(self, root: Path) -> Graph:
        """By module of the package, those of it that the module imports, for types or when it runs."""
        files = module_files(root / self.folder)
        inside = {name: path for name, path in files.items() if f"{name}.".startswith(f"{self.package}.")}
        return {name: imported - {name} for name, imported in import_graph(inside).items()}

    def of(self, module: str) -> list[str]:
        """The layers that a module belongs to: one, if the table is right."""
        inside = module.removeprefix(self.package).removeprefix(".")
        return [layer for layer, names in self.layers.items() if any(_holds(name, inside) for name in names)]

    def unknown(self, graph: Graph) -> list[str]:
        """Names in the table that no module has."""
        full = [f"{self.package}.{name}".removesuffix(".") for names in self.layers.values() for name in names]
        return sorted(name for name in full if name not in graph)

    def upward(self, graph: Graph) -> list[str]:
        """Imports that point to a higher layer."""
        order = list(self.layers)
        return sorted(
            f"{module} ({layer}) imports {other} ({above})"
            for module, imported in graph.items()
            for other in imported
            for layer in self.of(module)
            for above in self.of(other)
            if order.index(above) < order.index(layer)
        )


def _holds(name: str, module: str) -> bool:
    return module == name or (name != "" and module.startswith(f"{name}."))


def circles(graph: Graph) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others."""
    left = {name: set(imported) for name, imported in graph.items()}
    # What imports nothing that is left is in no circle, and neither is what nothing left imports.
    while ends := {name for name in left if not left[name] or not any(name in others for others in left.values())}:
        left = {name: imported - ends for name, imported in left.items() if name not in ends}
    reached = {name: _reached(left, name) for name in left}
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in left}
    return sorted(sorted(group) for group in groups if group)


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(graph[waiting.pop()]) - found
        found |= new
        waiting += new
    return found
