/** What an allocation runs: always the same script, told by its arguments where, and what. */

/** Codes with which a task ends without an outcome. */
export const codes = {
  /** The directory of the array is not there, on this node. */
  absent: 66,
  /** It has stopped with a new checkpoint: there is more to do. */
  more: 75,
  /** It has stopped, and no checkpoint has come of it. */
  none: 70
}

/** What becomes of the signal before the time limit: a checkpoint, and the same task again in another allocation. */
export const script = `#!/bin/bash
# One trial of an array: script DIRECTORY COMMAND..., where the log of each task is, too.
cd -- "$1" && exec >> "$SLURM_ARRAY_TASK_ID.log" 2>&1 || exit ${codes.absent}
shift
stop() { stopping=1; [ -z "\${trial-}" ] || kill -TERM "$trial"; }
trap 'ending=1; stop' USR1
trap stop TERM
"$@" &
trial=$!
# The signal may have come before it was known whom to tell.
[ -z "\${stopping-}" ] || stop
# A signal ends a wait, not what is waited for.
until wait "$trial"; code=$?; ! kill -0 "$trial" 2> /dev/null; do :; done
# Killed by the signal, it had not begun to listen.
if [ -n "\${ending-}" ] && { [ "$code" = ${codes.more} ] || [ "$code" = 143 ]; }; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
`
