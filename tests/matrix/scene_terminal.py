"""IPython in a real terminal, which tmux provides."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from play import (
    FACTS,
    LOAD,
    START,
    STOP,
    WORK,
    Environment,
    NotPossibleError,
    expect,
    facts,
    surroundings,
    until,
)

WIDE, HIGH = 110, 400  # high, so that nothing that was printed scrolls away


class Terminal:
    """A tmux of its own, with one window."""

    def __init__(self, program: str, command: list[str], folder: Path) -> None:
        self._tmux = [program, "-S", str(folder / "tmux"), "-f", os.devnull]
        self._folder = folder  # not the checkout, which would be imported in place of the wheel
        self._environment = {**surroundings(folder), "TERM": "xterm-256color"}
        self._call("new-session", "-d", "-x", str(WIDE), "-y", str(HIGH), *command)

    def _call(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout

    def send(self, line: str) -> None:
        """Type a line and press Enter."""
        self._call("send-keys", "-l", line)
        self._call("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press a key, by tmux's name for it."""
        self._call("send-keys", key)

    def screen(self) -> str:
        """What stands on the screen."""
        return self._call("capture-pane", "-p", "-J")

    def close(self) -> None:
        """End the window and the server."""
        subprocess.run([*self._tmux, "kill-server"], env=self._environment, capture_output=True)


def scene(environment: Environment, folder: Path) -> str:
    """A bar moves, Ctrl-C stops the waiting only, and the text card has every count."""
    ipython = [str(environment.python), "-m", "IPython"]
    return played([*ipython, "--no-banner", "--no-confirm-exit", "--colors=nocolor"], folder)


def played(command: list[str], folder: Path) -> str:
    """Play it with a command that has the prompts of IPython."""
    tmux = shutil.which("tmux")
    if tmux is None:
        raise NotPossibleError("there is no tmux on PATH (apt install tmux)")
    (folder / "scene.py").write_text("\n".join((LOAD.partition("\n")[2], START, WORK)))
    (folder / "facts.py").write_text(FACTS)
    terminal = Terminal(tmux, command, folder)
    try:
        return watch(terminal, folder)
    except AssertionError as error:
        raise AssertionError(f"{error}\nthe screen:\n{terminal.screen().strip()}") from error
    finally:
        terminal.close()


def watch(terminal: Terminal, folder: Path) -> str:
    """Play it on the open terminal."""

    def prompt(number: int) -> None:
        until(lambda: f"In [{number}]:" in terminal.screen(), f"prompt {number}", 120)

    prompt(1)
    terminal.send("%load_ext ipar_results")
    prompt(2)
    terminal.send(f"%run -i {folder / 'scene.py'}")
    prompt(3)
    terminal.send("ar = rc.load_balanced_view().map_async(work, range(200)); ar")
    until(lambda: re.search(r"work.*\d+ of 200", terminal.screen()), "the card as text")
    prompt(4)
    terminal.send("ar.wait_interactive()")
    until(lambda: re.search(r"work: +[1-9]\d?%.*\|", terminal.screen()), "a bar")
    terminal.press("C-c")
    until(
        lambda: "KeyboardInterrupt" in terminal.screen() or "In [5]:" in terminal.screen(), "the interruption"
    )
    prompt(5)
    assert "not done" in terminal.screen(), "nothing said that work goes on"
    terminal.send("ar.wait_interactive()")
    prompt(6)
    terminal.send("ar")
    until(lambda: "199 ok" in terminal.screen() and "1 failed" in terminal.screen(), "the card's last counts")
    prompt(7)
    terminal.send(f"%run -i {folder / 'facts.py'}")
    prompt(8)
    expect(facts(terminal.screen().replace("\n", "")), 200)
    terminal.send(STOP.replace("\n", "; "))
    prompt(9)
    terminal.send("exit")
    return "bar, Ctrl-C and the text card with 199 ok and 1 failed"
