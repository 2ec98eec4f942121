import { fork } from 'node:child_process';
import { cleanEnvironment } from '../peer/environment.ts';
import { median, significant } from '../statistics.ts';
import { type BenchSettings, type GroupResult, roundsOf } from '../targets.ts';

/** Peak memory of certify in fresh processes, against n. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const sizes = quick ? [300, 3000] : [1024, 10_240, 102_400];
  const megabytes = new Map<number, number[]>(sizes.map((n) => [n, []]));
  for (let round = 0; round < roundsOf(settings, 2); round++) {
    for (const n of sizes) megabytes.get(n)!.push(await peakOf(n));
  }
  const rows = sizes.map((n) => ({ n, megabytes: megabytes.get(n)!, median: median(megabytes.get(n)!) }));
  const [few, many] = rows.slice(-2) as [(typeof rows)[0], (typeof rows)[0]];
  return {
    targets: {
      P7b: {
        value: significant(many.median / few.median),
        limit: 1,
        limitBecause: 'a certificate needs the memory of one batch, whatever n',
        details: { from: few.n, to: many.n },
      },
    },
    figures: { 'peak memory against n, MB': rows },
  };
}

/** Peak memory of a fresh process that certifies one image, in MB. */
function peakOf(n: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('../memory-process.ts', import.meta.url), [String(n)], {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: cleanEnvironment(),
    });
    let megabytes: number | undefined;
    child.on('message', (message) => (megabytes = message as number));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (megabytes === undefined) reject(new Error(`the process for n = ${n} ended with code ${code}`));
      else resolve(megabytes);
    });
  });
}
