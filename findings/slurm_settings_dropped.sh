#!/usr/bin/env bash
# Settings of ipyparallel's Slurm launcher that reach no job
#
# Guess:   SlurmLauncher.options ("Extra Slurm options") are added to the job's script as account and time limit are, and
#          a time limit also holds for a script of one's own that does not set one.
# Happens: options are never used. With batch_template, queue, account and time limit are dropped too, without a word.
# Why it matters to us: docs/hpc.md gave a script beside these settings, as if they went together.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check 'default script: account yes, time limit yes, options no
own script: account no, time limit no, options no' <<'PYTHON'
import os

from ipyparallel.cluster.launcher import SlurmEngineSetLauncher
from traitlets.config import Config

settings = {"account": "physics", "timelimit": "02:00:00", "options": "--mem=4G"}
own = {"batch_template": "#!/bin/sh\n#SBATCH --ntasks={n}\nsrun {program_and_args}\n"}
for name, more in (("default", {}), ("own", own)):
    launcher = SlurmEngineSetLauncher(config=Config(SlurmEngineSetLauncher={**settings, **more}), profile_dir=os.getcwd())
    launcher.write_batch_script(4)
    with open(launcher.batch_file) as file:
        script = file.read()
    words = {"account": "physics", "time limit": "02:00:00", "options": "--mem=4G"}
    print(f"{name} script:", ", ".join(f"{word} {'yes' if text in script else 'no'}" for word, text in words.items()))
PYTHON
