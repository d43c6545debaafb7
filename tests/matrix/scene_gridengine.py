"""Engines that ipyparallel's launcher for Grid Engine starts, with the configuration of docs/hpc.md."""

from pathlib import Path

from batch import TAKEN, Commands, examples, free_ports, play, write_settings
from play import Environment

PACKAGES = ("gridengine-master", "gridengine-exec", "gridengine-client")
COMMANDS = Commands(
    hold=("qmod", "-d", "short"),
    release=("qmod", "-e", "short"),
    suspend=("qmod", "-sj", "JOB"),
    resume=("qmod", "-usj", "JOB"),
    delete=("qdel", "JOB"),
)
BOOTSTRAP = """\
admin_user root
default_domain none
ignore_fqdn false
spooling_method classic
spooling_lib libspoolc
spooling_params {root}/default/common;{root}/spool/qmaster
binary_path /usr/lib/gridengine
qmaster_spool_dir {root}/spool/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
"""
START = r"""
common=$SGE_ROOT/default/common tools=/usr/lib/gridengine shared=/usr/share/gridengine host=$(hostname)
mkdir -p spool/qmaster/job_scripts spool/execd
ln -s $shared/util util
# a name that resolves to the loopback's address is known by what that address resolves to
echo "$host localhost" > $common/host_aliases
echo "$host" > $common/act_qmaster
sed "s|^execd_spool_dir.*|execd_spool_dir $SGE_ROOT/spool/execd|; s|^mailer.*|mailer /bin/true|
    s|^min_\(.\)id.*|min_\1id 0|; s|^load_report_time.*|load_report_time 00:00:01|" \
    $shared/default-configuration > $common/configuration
$tools/spoolinit classic libspoolc "$common;$SGE_ROOT/spool/qmaster" init
$tools/spooldefaults complexes $shared/util/resources/centry
$tools/spooldefaults usersets $shared/util/resources/usersets
$tools/spooldefaults managers root
sge_qmaster > qmaster.log 2>&1 &
until_ 'qconf -sh'
qconf -as "$host"
sge_execd > execd.log 2>&1 &
# the queue and the scheduler that it offers, with a few lines changed
cat > edit.sh <<'EDIT'
sed -i "s|^hostlist .*|hostlist $(hostname)|; s|^slots .*|slots 8|; s|^pe_list .*|pe_list NONE|
    s|^load_thresholds .*|load_thresholds NONE|; s|^job_load_adj.*|job_load_adjustments NONE|
    s|^schedule_interval .*|schedule_interval 0:0:1|" "$1"
sleep 1.1  # by its time qconf sees that the file was changed
touch "$1"
EDIT
chmod +x edit.sh
EDITOR=./edit.sh qconf -aq short
EDITOR=./edit.sh qconf -msconf
until_ 'qstat -f | grep lx-amd64 && ! qstat -f | grep -w au'
"""

# `qdel` fails for a job that has ended; all others are deleted, and the controller stops.
STOP = """\
rc.close()
try:
    cluster.stop_cluster_sync()
except subprocess.CalledProcessError:
    assert cluster.controller is None
"""


def scene(environment: Environment, folder: Path) -> str:
    """Work on engines in Grid Engine's jobs is shown truly, whatever becomes of the jobs."""
    (settings,) = examples("Grid Engine")
    write_settings(folder, settings)
    common = folder / "default" / "common"
    common.mkdir(parents=True)
    (common / "bootstrap").write_text(BOOTSTRAP.format(root=folder))
    (_, start, _) = examples("Slurm")
    limit = f"c = get_ipython().config\n{settings}".replace("02:00:00", "00:00:45")
    assert "00:00:45" in limit
    acts = (STOP, limit, start.replace("n=128", "n=2"), TAKEN.format(number=2, take=""), STOP)
    master, execd = map(str, free_ports(2))
    variables = {"SGE_ROOT": str(folder), "SGE_CELL": "default", "SGE_ND": "1"}
    variables |= {"SGE_QMASTER_PORT": master, "SGE_EXECD_PORT": execd}
    told = play(environment, folder, PACKAGES, START, COMMANDS, acts, **variables)
    return f"{told}, on engines of SGEEngineSetLauncher"
