"""Engines that ipyparallel's SSH launcher starts, through an SSH server of this scene's own, on loopback."""

import getpass
import os
import shutil
import socket
from contextlib import contextmanager
from pathlib import Path

from play import (
    CELLS,
    LOAD,
    START,
    Environment,
    NotPossibleError,
    expect_saved,
    process,
    run,
    until,
    write_notebook,
)


def scene(environment: Environment, folder: Path) -> str:
    """Work on engines behind SSH is shown like any other."""
    execute = environment.program("jupyter-execute")
    if execute is None:
        raise NotPossibleError("nbclient, which runs the notebook, is not in this environment")
    with ssh_server(folder) as (port, configuration):
        settings = folder / "ipython" / "profile_default"
        settings.mkdir(parents=True)
        lines = [
            f"c.SSHLauncher.ssh_args = ['-F', {str(configuration)!r}]",
            f"c.SSHLauncher.scp_args = ['-F', {str(configuration)!r}]",
            f"c.SSHLauncher.remote_python = {str(environment.python)!r}",
            f"c.SSHEngineSetLauncher.remote_profile_dir = {str(folder / 'remote')!r}",
            "c.SSHEngineSetLauncher.engines = {'engines.test': 2}",
            "c.Cluster.engine_launcher_class = 'ssh'",
        ]
        (settings / "ipcluster_config.py").write_text("c = get_config()\n" + "\n".join(lines) + "\n")
        start = START.replace("n=2", "n=2, engines='ssh', profile='default'")
        where = (
            "print('REMOTE', rc[:].apply_sync(lambda: __import__('os').environ.get('SSH_CONNECTION', '')))"
        )
        cells = (LOAD, start + where, *CELLS[2:])
        path = write_notebook(folder / "work.ipynb", cells)
        run([execute, "--inplace", path], folder, timeout=240)
        assert path.read_text().count(f" {port}") >= 2, "the engines were not started through SSH"
        return f"{expect_saved(path)}, on engines of SSHEngineSetLauncher"


@contextmanager
def ssh_server(folder: Path):
    """Run sshd on a free port of the loopback, with keys of its own; gives port and a client's settings."""
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if sshd is None or shutil.which("ssh-keygen") is None:
        raise NotPossibleError("there is no sshd (apt install openssh-server)")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(
            mode=0o755, exist_ok=True
        )  # Debian's sshd asks for it; its service would make it
    for name in ("host", "user"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], folder)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = folder / "sshd_config"
    server.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
    )
    client = folder / "ssh_config"
    client.write_text(
        f"Host engines.test\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {folder / 'user'}\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n"
        f"  UserKnownHostsFile {folder / 'known'}\n  LogLevel ERROR\n"
    )
    with process([sshd, "-D", "-e", "-f", server], folder, "sshd.log") as running:

        def answers() -> bool:
            assert running.poll() is None, f"sshd ended:\n{(folder / 'sshd.log').read_text()}"
            with socket.socket() as asked:
                return asked.connect_ex(("127.0.0.1", port)) == 0

        until(answers, "sshd")
        yield port, client
