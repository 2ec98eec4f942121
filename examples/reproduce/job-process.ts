/** Runs the job that it is sent, then ends. */
import { runJob } from './job.ts';
import type { Job, Places } from './job.ts';

const [job, places] = JSON.parse(process.argv[2] ?? '') as [Job, Places];
const label = 'name' in job ? job.name : job.run;
await runJob(job, places, (line) => process.stderr.write(`${job.kind} ${label}: ${line}\n`));
