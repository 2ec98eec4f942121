#!/bin/bash
# Shows on one machine that an array with a killed task gives the log of one process. It needs Slurm (see start-slurm.sh) and root.
#
#   CATRS="npx catrs" bash try-slurm.sh try 200 --model model/ --data mnist/ --sigma 0.5 --n 10000
#
# First the folder for all that is written, then the number of images of the data set, then the options of `catrs certify`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1 size=$2
shift 2
export CATRS=${CATRS:-npx catrs} PARTS=$folder/parts
mkdir -p "$folder"

echo '== one process'
$CATRS certify "$@" --out "$folder/whole.tsv" > "$folder/whole.txt"

echo '== Slurm: an array of 4 tasks'
source "$here/start-slurm.sh" "$folder/slurm"
trap stop_slurm EXIT
job=$(sbatch --parsable --array=0-3 --output="$folder/task-%a.txt" "$here/certify-array.sbatch" "$@")

rows() { [ -f "$1" ] && grep -c '^[0-9]' "$1" || true; }
state() { scontrol show job "$1" | grep -o 'JobState=[A-Z]*' | cut -d= -f2; }
for _ in $(seq 600); do
  [ "$(rows "$PARTS/part-1.tsv")" -ge 2 ] 2> /dev/null && break
  sleep 0.1
done
scancel --signal=KILL --full "${job}_1"
for _ in $(seq 100); do
  [ "$(state "${job}_1")" != RUNNING ] && break
  sleep 0.1
done
echo "task 1 killed after $(rows "$PARTS/part-1.tsv") rows: $(state "${job}_1")"
scontrol requeue "${job}_1"
echo 'task 1 requeued'

while squeue --noheader --jobs="$job" 2> /dev/null | grep -q .; do sleep 0.5; done
for task in 0 1 2 3; do echo "task $task: $(state "${job}_$task"), $(rows "$PARTS/part-$task.tsv") rows"; done

echo '== merge'
$CATRS merge "$PARTS"/part-*.tsv --size "$size" --out "$folder/merged.tsv"
# The sixth column is the time that an image took.
if cmp <(cut -f1-5,7- "$folder/whole.tsv") <(cut -f1-5,7- "$folder/merged.tsv"); then
  echo 'the merged log is that of one process'
else
  echo 'the merged log differs from that of one process' >&2
  exit 1
fi
