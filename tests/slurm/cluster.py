"""A Slurm cluster of several nodes on this machine, for the tests.

munged with its own key and socket, slurmctld, and one slurmd a node, in a private folder. As root
every node lives in its own network, host name, IPC, process and mount namespace, so that ending
its first process is a node losing power and taking its link down is a node being cut off. Without
those rights the nodes share the loopback interface, on free ports, and a node is the tree of
processes under its supervisor.
"""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue"]
FINAL = ("FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "COMPLETED", "OUT_OF_MEMORY", "DEADLINE")
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SUBNET = "10.213.7"
START_TIMEOUT_S = 60


def missing_programs():
    """Names of what has to be installed first."""
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    return [name for name in PROGRAMS if shutil.which(name) is None]


def namespaces_work():
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    command = in_namespaces(["ip", "link", "add", "one", "type", "veth", "peer", "name", "two"])
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def in_namespaces(command):
    return ["unshare", "--net", "--uts", "--ipc", "--pid", "--mount", "--mount-proc", "--fork",
            "--kill-child", *command]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, what, timeout_s, period_s=0.1):
    """The first true value of the condition."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain for: {what}")
        time.sleep(period_s)


def descendants(root):
    """Process ids of everything below `root`, itself included."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        parents[int(entry.name)] = int(stat[stat.rindex(")") + 2:].split()[1])
    found = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def supervise(command):
    """Runs a node's daemon and stays the parent of whatever it leaves behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    daemon = os.posix_spawnp(command[0], command, os.environ)
    while True:
        pid, status = os.wait()
        if pid == daemon:
            sys.exit(os.waitstatus_to_exitcode(status) & 255)


class Node:
    def __init__(self, name, process, isolated):
        self.name = name
        self.process = process
        self.isolated = isolated
        self.cut = False

    def processes(self):
        return descendants(self.process.pid) - {self.process.pid}

    def lose_power(self):
        """All processes of the node end at once and say nothing."""
        if self.process.poll() is None:
            # A process that forks is faster than one look at the tree: until nothing is left.
            while remaining := self.processes():
                for pid in remaining:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                if self.process.poll() is not None:
                    break
            self.process.kill()
        self.process.wait()

    def cut_off(self):
        """The node keeps computing, and nobody can reach it; without namespaces it is frozen."""
        self.cut = True
        if self.isolated:
            subprocess.run(["ip", "link", "set", f"to-{self.name}", "down"], check=True)
        else:
            self._signal(signal.SIGSTOP)

    def reconnect(self):
        self.cut = False
        if self.isolated:
            subprocess.run(["ip", "link", "set", f"to-{self.name}", "up"], check=True)
        else:
            self._signal(signal.SIGCONT)

    def _signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


class Cluster:
    """`with Cluster(nodes=3) as cluster:`; everything it started has ended afterwards."""

    def __init__(self, nodes=3, cpus=2):
        self.isolated = os.environ.get("REWIRE_SLURM_TEST_ISOLATED") == "1"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rewire-slurm-"))
        self.names = [f"n{i + 1}" for i in range(nodes)]
        self.cpus = cpus
        self.daemons = []
        self.nodes = {}
        self.environment = self._environment()

    # --- starting and stopping --------------------------------------------------------------------

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.show_logs()
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _environment(self):
        environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"),
                           OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                           OMPI_MCA_mpi_yield_when_idle="1",
                           OMPI_MCA_rmaps_base_oversubscribe="1", TMPDIR=str(self.folder / "tmp"))
        if not self.isolated:
            # Nodes of one host name would share Open MPI's shared-memory segments.
            environment.update(OMPI_MCA_btl="self,tcp", OMPI_MCA_btl_tcp_if_include="lo",
                               OMPI_MCA_osc="^sm")
        return environment

    def _start(self):
        for name in ["munge", "state", "log", "tmp", *[f"spool.{n}" for n in self.names],
                     *[f"tmp.{n}" for n in self.names]]:
            (self.folder / name).mkdir(mode=0o755)
        self._write_configuration()
        if self.isolated:
            self._make_network()
        self._start_munge()
        self._spawn("slurmctld", ["slurmctld", "-D"])
        for name in self.names:
            self.start_node(name)
        wait_until(self._all_idle, "all nodes idle", START_TIMEOUT_S)

    def _make_network(self):
        commands = ["hostname hub", "ip link set lo up", "ip link add hub type bridge",
                    f"ip addr add {SUBNET}.1/24 dev hub", "ip link set hub up",
                    "mount -t tmpfs tmpfs /dev/shm"]
        for command in commands:
            subprocess.run(command.split(), check=True)

    def _start_munge(self):
        folder = self.folder / "munge"
        key = folder / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self._spawn("munged", ["munged", "--foreground", "--force", f"--key-file={key}",
                               f"--socket={folder}/socket", f"--pid-file={folder}/pid",
                               f"--log-file={self.folder}/log/munged.log",
                               f"--seed-file={folder}/seed"])
        wait_until((folder / "socket").exists, "munged", START_TIMEOUT_S)

    def start_node(self, name):
        """Starts a node, or starts one that lost its power again."""
        me = [sys.executable, str(pathlib.Path(__file__).resolve()), "supervise"]
        daemon = [*me, "slurmd", "-D", "-N", name]
        if not self.isolated:
            self.nodes[name] = Node(name, self._spawn(name, daemon), False)
            return
        address = f"{SUBNET}.{self.names.index(name) + 2}"
        boot = (f"hostname {name} && until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done; "
                f"ip link set lo up && ip addr add {address}/24 dev eth0 && ip link set eth0 up && "
                f"ip route add default via {SUBNET}.1 && mount -t tmpfs tmpfs /dev/shm && "
                'exec "$@"')
        process = self._spawn(name, in_namespaces(["bash", "-c", boot, "boot", *daemon]))
        init = wait_until(lambda: descendants(process.pid) - {process.pid}, "node's first process",
                          START_TIMEOUT_S)
        self._plug_in(name, min(init))
        self.nodes[name] = Node(name, process, True)

    def _plug_in(self, name, pid):
        subprocess.run(["ip", "link", "del", f"to-{name}"], capture_output=True, check=False)
        for command in [f"ip link add to-{name} type veth peer name eth0 netns {pid}",
                        f"ip link set to-{name} master hub", f"ip link set to-{name} up"]:
            subprocess.run(command.split(), check=True)

    def _spawn(self, name, command):
        log = open(self.folder / "log" / f"{name}.out", "ab")  # handed to the child
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env=self.environment, preexec_fn=die_with_parent)
        log.close()
        self.daemons.append(process)
        return process

    def _stop(self):
        for node in self.nodes.values():
            if node.cut:
                node.reconnect()
            node.lose_power()
        for process in reversed(self.daemons):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- configuration ----------------------------------------------------------------------------

    def _write_configuration(self):
        host = "hub" if self.isolated else socket.gethostname().split(".")[0]
        controller = f"{host}({SUBNET}.1)" if self.isolated else f"{host}(127.0.0.1)"
        ports = [6817, *[6818] * len(self.names)]
        if not self.isolated:
            ports = free_ports(len(self.names) + 1)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
        lines = [
            "ClusterName=test", f"SlurmctldHost={controller}", f"SlurmUser={user.stdout.strip()}",
            f"SlurmdUser={user.stdout.strip()}", f"SlurmctldPort={ports[0]}",
            "AuthType=auth/munge", "CredType=cred/munge",
            f"AuthInfo=socket={self.folder}/munge/socket,cred_expire=5",
            f"StateSaveLocation={self.folder}/state", f"SlurmdSpoolDir={self.folder}/spool.%n",
            f"TmpFS={self.folder}/tmp.%n", f"SlurmctldPidFile={self.folder}/slurmctld.pid",
            f"SlurmdPidFile={self.folder}/slurmd.%n.pid",
            f"SlurmctldLogFile={self.folder}/log/slurmctld.log",
            f"SlurmdLogFile={self.folder}/log/slurmd.%n.log", "SlurmdDebug=info",
            "SlurmctldDebug=info", "SlurmctldParameters=enable_configless",
            "SlurmdParameters=config_overrides", "ProctrackType=proctrack/linuxproc",
            "TaskPlugin=task/none", "JobAcctGatherType=jobacct_gather/none", "MailProg=/bin/true",
            "SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU_Memory",
            "MpiDefault=pmix", "ReturnToService=2", "SlurmdTimeout=10", "SlurmctldTimeout=10",
            "InactiveLimit=0", "KillWait=10", "MinJobAge=3600", "JobRequeue=1",
            "SchedulerType=sched/backfill",
            "SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,"
            "bf_interval=1",
            "JobCompType=jobcomp/filetxt", f"JobCompLoc={self.folder}/log/jobs.txt",
        ]
        for i, name in enumerate(self.names):
            address = f"{SUBNET}.{i + 2}" if self.isolated else "127.0.0.1"
            hostname = name if self.isolated else socket.gethostname().split(".")[0]
            lines.append(f"NodeName={name} NodeHostname={hostname} NodeAddr={address} "
                         f"Port={ports[i + 1]} CPUs={self.cpus} RealMemory=16000 State=UNKNOWN")
        lines.append("PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP "
                     "OverSubscribe=NO")
        (self.folder / "slurm.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    # --- using it ---------------------------------------------------------------------------------

    def run(self, *command, check=True, **more):
        """A client command; its output without the last line end."""
        result = subprocess.run([str(word) for word in command], env=self.environment, text=True,
                                capture_output=True, check=False, timeout=120, **more)
        if check and result.returncode != 0:
            raise RuntimeError(f"{command} ended with {result.returncode}:\n{result.stdout}"
                               f"{result.stderr}")
        return result.stdout.strip()

    def _all_idle(self):
        states = self.run("sinfo", "-h", "-N", "-o", "%N %T", check=False).split("\n")
        return sorted(states) == sorted(f"{name} idle" for name in self.names)

    def idle_node_again(self, name):
        """A dead or cut-off node is in service again."""
        wait_until(lambda: self.run("sinfo", "-h", "-n", name, "-o", "%T") == "idle",
                   f"node {name} idle", START_TIMEOUT_S)

    def job(self, job_id):
        """What slurmctld knows of a job, as a dictionary."""
        text = self.run("scontrol", "-o", "show", "job", job_id)
        return dict(re.findall(r"(\w+)=(\S*)", text))

    def may_run(self, job_id):
        return self.job(job_id)["JobState"] not in FINAL

    def wait_for_state(self, job_id, states, timeout_s):
        def reached():
            job = self.job(job_id)
            if job["JobState"] in states:
                return job
            if job["JobState"] in FINAL:
                raise RuntimeError(f"job {job_id} is {job['JobState']}, not one of {states}")
            return None
        return wait_until(reached, f"job {job_id} to be {' or '.join(states)}", timeout_s, 0.2)

    def show_logs(self):
        for path in sorted((self.folder / "log").glob("*")):
            text = path.read_text(errors="replace")
            print(f"--- {path.name}\n{text[-4000:]}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["supervise"]:
        supervise(sys.argv[2:])
