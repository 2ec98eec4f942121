/**
 * The jobs of the whole comparison, and what each waits for.
 */
import { certificationsOf, quickenedCertification } from './certification.ts';
import { quickened, readConfig } from './config.ts';
import type { Job } from './job.ts';

/** A job, its name, and the names of the jobs that it needs. */
export interface PlannedJob {
  readonly name: string;
  readonly after: readonly string[];
  readonly job: Job;
}

/** Trainings of these runs with what they need, and the certifications of their models. */
export function plannedJobs(runs: readonly string[], quick: boolean): PlannedJob[] {
  const planned = new Map<string, PlannedJob>();
  const add = (name: string, after: readonly string[], job: Job): string => {
    if (!planned.has(name)) planned.set(name, { name, after, job });
    return name;
  };
  const addTraining = (run: string): string => {
    const read = readConfig(run);
    const { softTargets, init } = quick ? quickened(read) : read;
    const after = init === undefined ? [] : [addTraining(init)];
    if (softTargets !== undefined) {
      const { run: teacher, votes } = softTargets;
      const taught = addTraining(teacher);
      after.push(add(`soft targets of ${teacher}`, [taught], { kind: 'soft-targets', run: teacher, votes }));
    }
    return add(`train ${run}`, after, { kind: 'train', run });
  };
  // The teacher first: the longest chain begins with it.
  const sorted = runs.toSorted((a, b) => Number(hasTeacher(b)) - Number(hasTeacher(a)));
  for (const run of sorted) addTraining(run);
  for (const one of certificationsOf(runs)) {
    const certification = quick ? quickenedCertification(one) : one;
    add(`certify ${one.name}`, [`train ${one.run}`], { kind: 'certify', ...certification });
  }
  return [...planned.values()];
}

function hasTeacher(run: string): boolean {
  return readConfig(run).softTargets !== undefined;
}
