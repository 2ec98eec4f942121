import { spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.ts';
import { loadCheckpoint, saveCheckpoint } from '../../src/node/checkpoint-files.ts';
import { captureCheckpoint } from '../../src/recipes/capture-checkpoint.ts';
import { Sgd } from '../../src/recipes/sgd.ts';
import { useBackend } from '../helpers/backends.ts';
import { expectError } from '../helpers/errors.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { useFolder } from './run.ts';

const { path, names } = useFolder();
beforeAll(() => useBackend('cpu'));

const childFile = fileURLToPath(new URL('checkpoint-child.ts', import.meta.url));
const variable = (values: number[]): tf.Variable => tf.tidy(() => tf.variable(tf.tensor1d(values)));

const COUNT = 3_000_000;
const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.size ?? Infinity;

/**
 * Saves checkpoints from `first` on in another process, and kills it in the middle of a write, when it has said that one more is saved. Gives
 * the last one that it has said to be saved.
 */
async function saveAndKill(file: string, first: number): Promise<number> {
  const running = spawn(process.execPath, [...runTypeScript, childFile, file, String(first)], { stdio: 'pipe' });
  let printed = '';
  running.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = new Promise((resolve) => running.on('close', (_, signal) => resolve(signal)));
  while (!/\d\n/.test(printed)) await sleep(5);
  const whole = await sizeOf(file);
  const short = async (name: string): Promise<boolean> => (await sizeOf(name)) < whole;
  while (!(await short(`${file}.part`)) && !(await short(file))) await setImmediate();
  running.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  return Number(
    printed
      .trimEnd()
      .split('\n')
      .filter((line) => /^\d+$/.test(line))
      .at(-1),
  );
}

describe('saveCheckpoint and loadCheckpoint', () => {
  it('save and load a state, by path or URL, over an older one', async () => {
    const file = path('plain.safetensors');
    const w = variable([1, 2]);
    const optimizer = new Sgd({ learningRate: 0.5, momentum: 0.5 });
    optimizer.minimize(() => tf.sum(w) as tf.Scalar, false, [w]);
    await saveCheckpoint(file, { variables: { w }, optimizer, state: 1 });
    expect(await readFile(file)).toEqual(
      Buffer.from(await captureCheckpoint({ variables: { w }, optimizer, state: 1 })),
    );
    optimizer.minimize(() => tf.sum(w) as tf.Scalar, false, [w]);
    await saveCheckpoint(pathToFileURL(file), { variables: { w }, optimizer, state: { epoch: 2 } });
    const [v, other] = [variable([0, 0]), new Sgd({ learningRate: 0.5, momentum: 0.5 })];
    expect(await loadCheckpoint(pathToFileURL(file), { variables: { w: v }, optimizer: other })).toEqual({ epoch: 2 });
    expect([...(await v.data())]).toEqual([1 - 0.5 - 0.75, 2 - 0.5 - 0.75]);
    expect(other.iterations).toBe(2);
    expect(await names()).toContain('plain.safetensors');
    expect((await names()).filter((name) => /part|lock/.test(name))).toEqual([]);
    tf.dispose([w, v]);
    optimizer.dispose();
    other.dispose();
  });

  it('leave the old file where the disk is full, and name it', async () => {
    const file = path('full.safetensors');
    await saveCheckpoint(file, { variables: {}, state: 'old' });
    const script = `ulimit -f 100; exec "$0" "$@"`; // KiB; the signal that comes with it is not the child's to handle
    const child = ['-c', `trap '' XFSZ; ${script}`, process.execPath, ...runTypeScript, childFile, file];
    const running = spawn('bash', child, { stdio: 'pipe' });
    let printed = '';
    running.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await new Promise((resolve) => running.on('close', resolve));
    expect(printed).toContain(
      `saveCheckpoint: \`file\` must be on a disk with room for it, got ${file} with "EFBIG: file too large, write"` +
        ' (what was there before is valid: make room and run again)',
    );
    expect(await loadCheckpoint(file, { variables: {} })).toBe('old');
    expect((await names()).filter((name) => /part|lock/.test(name))).toEqual([]);
  });

  it('leave the old file or the new one, whole, when the process is killed', async () => {
    const file = path('killed.safetensors');
    const w = tf.tidy(() => tf.variable(tf.zeros([COUNT])));
    let last = 0;
    for (let kill = 0; kill < 2; kill++) {
      const saved = await saveAndKill(file, last + 1);
      const state = await loadCheckpoint(file, { variables: { w } }); // its checksum is right
      expect([saved, saved + 1]).toContain(state);
      expect((await w.data()).every((value) => value === state)).toBe(true);
      last = state as number;
    }
    expect(last).toBeGreaterThanOrEqual(2);
    await saveCheckpoint(file, { variables: { w }, state: -1 }); // over what the dead ones left
    expect(await loadCheckpoint(file, { variables: { w } })).toBe(-1);
    expect((await names()).filter((name) => name.startsWith('killed'))).toEqual(['killed.safetensors']);
    w.dispose();
  });

  it('say what is wrong, and change nothing', async () => {
    const w = variable([3]);
    const content = { variables: { w } };
    const missing = path('none.safetensors');
    await expectError(
      () => loadCheckpoint(missing, content),
      OptionError,
      `loadCheckpoint: \`file\` must be a checkpoint that was saved, got no file at ${missing} (start without one, or check the path)`,
    );
    await expectError(
      () => saveCheckpoint('', content),
      OptionError,
      'saveCheckpoint: `file` must be the path of a file, or a file: URL, got ""',
    );
    const folder = path('folder');
    await mkdir(folder);
    await expectError(
      () => saveCheckpoint(folder, content),
      OptionError,
      `saveCheckpoint: \`file\` must be a file that can be opened, got ${folder} with` +
        ` "EISDIR: illegal operation on a directory, rename '${folder}.part' -> '${folder}'" (name a file in that folder)`,
    );
    const damaged = path('damaged.safetensors');
    await saveCheckpoint(damaged, content);
    await writeFile(damaged, (await readFile(damaged)).subarray(0, -1));
    await expect(loadCheckpoint(damaged, content)).rejects.toThrow(DataError);
    expect([...(await w.data())]).toEqual([3]);
    w.dispose();
  });
});
