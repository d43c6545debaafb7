#!/usr/bin/env bash
# PBS's words in ipyparallel's launcher for Grid Engine
#
# Guess:   SGELauncher speaks Grid Engine throughout: it signals with `qmod`, or says that it cannot, and its lines begin
#          with "#$".
# Happens: it signals with `qsig`, which only PBS has, and names the log file in "#PBS" lines, which Grid Engine takes for
#          comments: `cluster.signal_engines` fails, and what engines write lands in the home directory.
# Why it matters to us: cards interrupt through the controller, not through the launcher, and docs/hpc.md sets the script.
source "$(dirname "$0")/common.sh"
install ipyparallel==9.2.0
check "signals with: qsig
directives: #$ #PBS" <<'PYTHON'
import os

from ipyparallel.cluster.launcher import SGEEngineSetLauncher

launcher = SGEEngineSetLauncher(profile_dir=os.getcwd())
launcher.write_batch_script(4)
print("signals with:", launcher.signal_command[0])
with open(launcher.batch_file) as file:
    lines = file.read().splitlines()
print("directives:", *sorted({line.split()[0] for line in lines if line.startswith("#")}))
PYTHON
