import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createKey, fillUniforms } from 'catrs';
import { encodeNpy } from 'catrs/data';
import { lenet } from 'catrs/models';
import { saveModel } from 'catrs/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const IMAGES = 24;

/** Why Slurm cannot be tried here, if so. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'slurmd needs root';
  for (const program of ['sbatch', 'slurmctld', 'slurmd', 'munged']) {
    try {
      execFileSync('which', [program]);
    } catch {
      return `no ${program} (Debian: apt-get install slurmctld slurmd slurm-client munge)`;
    }
  }
  return undefined;
}

const reason = missing();

describe('an array of Slurm', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catrs-slurm-'));
    const data = new Float32Array(IMAGES * 784);
    fillUniforms(data, { key: createKey(3), start: 0, dimension: 784 });
    await writeFile(join(folder, 'x.npy'), encodeNpy({ dtype: 'float32', shape: [IMAGES, 28, 28, 1], data }));
    const labels = new Uint8Array(IMAGES);
    await writeFile(join(folder, 'y.npy'), encodeNpy({ dtype: 'uint8', shape: [IMAGES], data: labels }));
    const model = lenet({ key: createKey(1) });
    await saveModel(model, join(folder, 'model'));
    model.dispose();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.skipIf(reason)(
    `of which a task is killed and requeued gives the log of one process${reason ? ` [skipped: ${reason}]` : ''}`,
    async () => {
      const run = [
        ...['--model', join(folder, 'model'), '--data', join(folder, 'x.npy'), '--labels', join(folder, 'y.npy')],
        ...['--sigma', '0.5', '--n', '2000', '--backend', 'wasm'],
      ];
      const { stdout } = await promisify(execFile)(
        'bash',
        [join(root, 'examples/cluster/try-slurm.sh'), join(folder, 'try'), String(IMAGES), ...run],
        { cwd: root, env: { ...process.env, CATRS: `${process.execPath} ${join(root, 'dist/cli/main.js')}` } },
      );
      expect(stdout).toMatch(/task 1 killed after [2-5] rows: (COMPLETING|FAILED|CANCELLED)/);
      expect(stdout).toContain('task 1 requeued');
      for (const task of [0, 1, 2, 3]) expect(stdout).toContain(`task ${task}: COMPLETED, 6 rows`);
      expect(stdout).toContain('the merged log is that of one process');
    },
    400_000,
  );
});
