"""Commands of the command line that have a module of their own: `register(main)` adds them."""

from __future__ import annotations

import click

from .bench import bench
from .check import check
from .envoy import envoy
from .new import new
from .test import test


def register(group: click.Group) -> None:
    for command in (new, test, check, bench, envoy):
        group.add_command(command)
