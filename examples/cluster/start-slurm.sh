#!/bin/bash
# Starts a Slurm of one node by hand, for trying an array out: munged, slurmctld and slurmd on loopback, with all files in a folder.
#
#   source start-slurm.sh slurm && sbatch ... ; stop_slurm
#
# Needs slurmctld, slurmd, slurm-client and munge (Debian's packages), and root, which slurmd wants.
slurm_folder=$(mkdir -p "$1" && cd "$1" && pwd)
mkdir -p "$slurm_folder"/{munge,state,spool}
chmod 755 "$slurm_folder"
head -c 1024 /dev/urandom > "$slurm_folder/munge/munge.key"
chmod 700 "$slurm_folder/munge" && chmod 400 "$slurm_folder/munge/munge.key"
munged --force --socket="$slurm_folder/munge.socket" --key-file="$slurm_folder/munge/munge.key" \
  --pid-file="$slurm_folder/munge/munged.pid" --seed-file="$slurm_folder/munge/munged.seed" --log-file="$slurm_folder/munge/munged.log"
cores=$(nproc)
cat > "$slurm_folder/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm_folder/munge.socket
CredType=cred/munge
StateSaveLocation=$slurm_folder/state
SlurmdSpoolDir=$slurm_folder/spool
SlurmctldPidFile=$slurm_folder/slurmctld.pid
SlurmdPidFile=$slurm_folder/slurmd.pid
SlurmctldLogFile=$slurm_folder/slurmctld.log
SlurmdLogFile=$slurm_folder/slurmd.log
SlurmctldPort=${SLURM_PORT:-26817}
SlurmdPort=$((${SLURM_PORT:-26817} + 1))
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SchedulerParameters=sched_interval=2,batch_sched_delay=1,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MinJobAge=3600
KillWait=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF="$slurm_folder/slurm.conf"
slurmctld -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF"

stop_slurm() {
  scancel --full --user="$(id -un)" 2> /dev/null
  local name
  for name in slurmd slurmctld munge/munged; do
    [ -f "$slurm_folder/$name.pid" ] && kill "$(cat "$slurm_folder/$name.pid")" 2> /dev/null
  done
}

for _ in $(seq 60); do
  [ "$(sinfo --noheader --format=%T 2> /dev/null)" = idle ] && break
  sleep 0.5
done
if [ "$(sinfo --noheader --format=%T)" != idle ]; then
  echo "start-slurm.sh: the node must become idle, got '$(sinfo --noheader --format=%T)' (see $slurm_folder/slurmctld.log)" >&2
  stop_slurm
  false
fi
