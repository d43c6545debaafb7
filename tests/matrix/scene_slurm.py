"""Engines that ipyparallel's Slurm launcher starts, with the configuration of docs/hpc.md."""

import socket
from pathlib import Path

from batch import STOP, TAKEN, Commands, examples, free_ports, play, write_settings
from play import Environment

PACKAGES = ("slurm-wlm", "munge")
COMMANDS = Commands(
    hold=("scontrol", "update", "PartitionName=short", "State=DOWN"),
    release=("scontrol", "update", "PartitionName=short", "State=UP"),
    suspend=("scontrol", "suspend", "JOB"),
    resume=("scontrol", "resume", "JOB"),
    delete=("scancel", "JOB"),
)
CONFIGURATION = """\
ClusterName=scene
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs=8
PartitionName=short Nodes=ALL Default=YES State=UP
"""
# What the script of docs/hpc.md loads does nothing here.
START = """\
mkdir -p state spool bin home/env/bin
printf '#!/bin/sh\\n' | tee bin/module > home/env/bin/activate
chmod +x bin/module
export HOME=$PWD/home PATH=$PWD/bin:$PATH
head -c 128 /dev/urandom > munge.key
chmod 600 munge.key
munged --force --foreground --key-file=$PWD/munge.key --socket=$PWD/munge.socket --pid-file=$PWD/munge.pid \\
    --log-file=$PWD/munged.log --seed-file=$PWD/munge.seed > munge.log 2>&1 &
until_ 'munge --no-input --socket=$PWD/munge.socket'
slurmctld-wlm -D > slurmctld.log 2>&1 &
slurmd-wlm -D -d /usr/sbin/slurmstepd-wlm > slurmd.log 2>&1 &
until_ 'sinfo --noheader --format=%T | grep -x idle'
"""
# A minute is the shortest time limit that Slurm has.
LIMIT = 'batch(["scontrol", "update", f"JobId={job_of(cluster)}", "TimeLimit=1"])'


def scene(environment: Environment, folder: Path) -> str:
    """Work on engines in Slurm's jobs is shown truly, whatever becomes of the jobs."""
    settings, start, template = examples("Slurm")
    write_settings(folder, settings)
    names = {"host": socket.gethostname(), "folder": folder}
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**names, ports=free_ports(2)))
    start = start.replace("n=128", "n=2")
    limited = TAKEN.format(number=2, take=LIMIT)
    own_script = f"c = get_ipython().config\n{template}"
    works = "assert rc[:].apply_sync(nap, 1) == [1, 1]"
    acts = (STOP, start, limited, STOP, own_script, start, works, STOP)
    told = play(environment, folder, PACKAGES, START, COMMANDS, acts, SLURM_CONF=str(folder / "slurm.conf"))
    return f"{told}, on engines of SlurmEngineSetLauncher"
