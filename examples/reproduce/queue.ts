/**
 * A queue of jobs that wait for one another.
 */

/** A job and the jobs that it needs. */
export interface QueuedJob {
  readonly name: string;
  /** Names of the jobs that must be done before. */
  readonly after: readonly string[];
  readonly run: () => Promise<void>;
}

/**
 * Runs the jobs, at most `width` at once, each as soon as those that it needs are done, else in their order.
 *
 * A job that fails takes only those with it that wait for it: hours of others are not lost. The error comes at the end, and names them all.
 */
export async function runQueue(jobs: readonly QueuedJob[], width: number): Promise<void> {
  const done = new Set<string>();
  const failures: string[] = [];
  const waiting = [...jobs];
  const running = new Map<string, Promise<string>>();
  const begin = (job: QueuedJob): Promise<string> =>
    job.run().then(
      () => {
        done.add(job.name);
        return job.name;
      },
      (error: unknown) => {
        failures.push(`${job.name}: ${error instanceof Error ? error.message : String(error)}`);
        return job.name;
      },
    );
  for (;;) {
    while (running.size < width) {
      const next = waiting.findIndex(({ after }) => after.every((name) => done.has(name)));
      const [job] = next < 0 ? [] : waiting.splice(next, 1);
      if (job === undefined) break;
      running.set(job.name, begin(job));
    }
    if (running.size === 0) break;
    running.delete(await Promise.race(running.values()));
  }
  const left = waiting.map(({ name }) => name).join(', ');
  if (failures.length > 0) throw new Error([...failures, ...(left && [`not begun: ${left}`])].join('\n'));
  if (left) throw new Error(`these jobs wait for others that are not there: ${left}`);
}
