"""The cache folder: entries that several processes want at the same time."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from proxywasm_host.cache import CacheFolderError, cache_folder

MAKER = """
import sys, time
from pathlib import Path
from proxywasm_host.cache import one_at_a_time

entry = Path(sys.argv[1])
entry.with_name(sys.argv[2]).touch()
with one_at_a_time(entry):
    if not entry.exists():
        while len(list(entry.parent.glob("maker-*"))) < 2:
            time.sleep(0.01)
        time.sleep(0.3)  # the other one is at the door by now, and has found nothing
        with entry.open("a") as file:
            file.write("made ")
"""


def test_two_processes_make_an_entry_once(tmp_path: Path) -> None:
    entry = tmp_path / "entry.wasm"
    makers = [subprocess.Popen([sys.executable, "-c", MAKER, str(entry), f"maker-{number}"]) for number in range(2)]
    assert [maker.wait(120) for maker in makers] == [0, 0]
    assert entry.read_text() == "made "


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder above that of the cache, which is not there yet."""
    monkeypatch.setenv("PROXYWASM_CACHE_DIR", str(tmp_path / "base" / "cache"))
    (tmp_path / "base").mkdir(mode=0o755)
    return tmp_path / "base"


def refused() -> str:
    with pytest.raises(CacheFolderError) as caught:
        cache_folder()
    message, _, remedy = str(caught.value).partition("; ")
    assert remedy.endswith(", or set PROXYWASM_CACHE_DIR to a folder of your own")
    return f"{message}; {remedy.partition(',')[0]}"


def test_a_folder_of_ones_own_is_made_for_oneself(base: Path) -> None:
    assert cache_folder() == base / "cache"
    assert (base / "cache").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_refused(base: Path, mode: int) -> None:
    cache_folder().chmod(mode)
    assert refused() == f"others can write to {base / 'cache'}; `chmod 700` it"


def test_a_folder_above_that_others_can_write_is_refused_unless_it_is_sticky(base: Path) -> None:
    """They can rename the cache's folder, and put their own there."""
    base.chmod(0o777)
    assert refused() == (
        f"others can put something else in the place of the cache folder {base / 'cache'}, because "
        f"they can write to {base}; `chmod go-w` it"
    )
    base.chmod(0o1777)
    assert cache_folder() == base / "cache"


def test_a_folder_above_may_be_writable_for_the_group_of_this_user_alone(base: Path) -> None:
    user = pwd.getpwuid(os.geteuid())
    group = grp.getgrgid(user.pw_gid)
    if group.gr_name != user.pw_name or set(group.gr_mem) - {user.pw_name}:
        pytest.skip("this user has no group of its own")
    os.chown(base, -1, user.pw_gid)
    base.chmod(0o775)
    assert cache_folder() == base / "cache"


def test_links_are_followed_and_what_they_lead_through_is_looked_at(base: Path) -> None:
    real = base.parent / "open" / "real"
    real.mkdir(parents=True)
    (base / "cache").symlink_to("../open/real")
    real.chmod(0o700)
    (base.parent / "open").chmod(0o777)
    assert f"because they can write to {base.parent / 'open'};" in refused()
    (base.parent / "open").chmod(0o755)
    assert cache_folder() == base / "cache"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_on_the_way_belongs_to_another_user(base: Path) -> None:
    os.chown(base, 12345, -1)
    assert f"because {base} belongs to another user; `chown` it" in refused()
    os.chown(base, 0, -1)
    (base / "cache").rename(base / "real")
    base.chmod(0o1777)
    (base / "cache").symlink_to("real")
    os.chown(base / "cache", 12345, -1, follow_symlinks=False)
    assert f"because {base / 'cache'} belongs to another user; `chown` it" in refused()


def test_a_loop_of_links_is_told(base: Path) -> None:
    (base / "cache").symlink_to("cache")
    with pytest.raises(CacheFolderError, match=r"cannot use .*cache: .*; set PROXYWASM_CACHE_DIR"):
        cache_folder()
