import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { CatrsError, OptionError } from '../../src/errors.ts';
import { useNative, type UseNativeOptions } from '../../src/native/index.ts';
import { guestFile, guestsFolder, nativeTensorflow } from '../helpers/guests.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';

const started = fileURLToPath(new URL('started.ts', import.meta.url));
const empty = mkdtempSync(join(tmpdir(), 'catrs-native-'));
afterAll(() => rmSync(empty, { recursive: true }));

interface Ran {
  readonly told: { readonly refused?: string } & Readonly<Record<string, unknown>>;
  readonly printed: string;
}

/** Runs started.ts in a process of its own. */
function run(options: UseNativeOptions, node = process.execPath, env: NodeJS.ProcessEnv = {}): Ran {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TF_')));
  const args = [...runTypeScript, started, JSON.stringify(options)];
  const { status, stdout, stderr } = spawnSync(node, args, { env: { ...clean, ...env }, encoding: 'utf8', cwd: empty });
  expect(status, stderr).toBe(0);
  return { told: JSON.parse(stdout) as Ran['told'], printed: stderr };
}

describe('useNative', () => {
  it.each([
    [{ threads: 0 }, 'useNative: `threads` must be an integer of at least 1, got 0'],
    [
      { packageName: 'tensorflow' },
      "useNative: `packageName` must be '@tensorflow/tfjs-node-gpu' or '@tensorflow/tfjs-node', got \"tensorflow\"",
    ],
    [{ resolveFrom: '' }, 'useNative: `resolveFrom` must be the path or file: URL of a folder, got ""'],
    [
      { resolveFrom: new URL('http://x/') },
      'useNative: `resolveFrom` must be the path or file: URL of a folder, got an object (URL)',
    ],
  ])('rejects %j', async (options, text) => {
    const call = useNative(options as UseNativeOptions);
    await expect(call).rejects.toMatchObject({ message: text });
    await expect(call).rejects.toBeInstanceOf(OptionError);
  });

  it('says how to install the package when it is missing', async () => {
    const call = useNative({ resolveFrom: empty });
    await expect(call).rejects.toBeInstanceOf(CatrsError);
    await expect(call).rejects.toThrow(
      `useNative: \`@tensorflow/tfjs-node\` must be installed, got nothing in ${JSON.stringify(empty)} (npm install @tensorflow/tfjs-node)`,
    );
    await expect(useNative({ packageName: '@tensorflow/tfjs-node-gpu', resolveFrom: empty })).rejects.toThrow(
      /`@tensorflow\/tfjs-node-gpu` must be installed/,
    );
    expect(tf.findBackendFactory('tensorflow')).toBeNull();
  });
});

const native = nativeTensorflow();

describe.skipIf('reason' in native)(
  `useNative with TensorFlow${'reason' in native ? `: ${native.reason}` : ''}`,
  () => {
    for (const major of ['20', '22', '24', '26']) {
      it(`starts on Node ${major}, and says what it is`, ({ skip }) => {
        const node = guestFile(`node-${major}/bin/node`);
        if ('reason' in node) return skip(node.reason);
        const { told, printed } = run({}, node.found);
        expect(told).toMatchObject({ backend: 'tensorflow', product: [11] });
        expect(told['engine']).toEqual({
          packageName: '@tensorflow/tfjs-node',
          packageVersion: expect.stringMatching(/^4\.\d+\.\d+$/) as unknown,
          tensorflowVersion: expect.stringMatching(/^2\.\d+\.\d+$/) as unknown,
          usesGpu: false,
          oneDnn: 'on',
        });
        // Newer versions of TensorFlow have lines that nothing turns off, but not these.
        expect(printed).not.toMatch(/isNullOrUndefined|rebuild TensorFlow/);
      });
    }

    it('tells TensorFlow the number of threads before it is loaded, over what the environment says', () => {
      expect(run({ threads: 1 }, process.execPath, { TF_NUM_INTRAOP_THREADS: '7' }).told['threads']).toBe('1');
      expect(run({}, process.execPath, { TF_NUM_INTRAOP_THREADS: '1' }).told['threads']).toBe('1');
      expect(run({}).told['threads']).toBeUndefined();
    });

    it.each([
      [{}, 'on', /, oneDNN\)$/],
      [{ TF_ENABLE_ONEDNN_OPTS: '1' }, 'on', /, oneDNN\)$/],
      [{ TF_ENABLE_ONEDNN_OPTS: '0' }, 'off', /\(tfjs-node [\d.]+\)$/],
      [{ TF_ENABLE_ONEDNN_OPTS: 'False' }, 'off', /\(tfjs-node [\d.]+\)$/],
      [{ CATRS_TEST_LOADED: '1' }, 'by processor', /, oneDNN by processor\)$/],
      [{ CATRS_TEST_LOADED: '1', TF_ENABLE_ONEDNN_OPTS: '1' }, 'on', /, oneDNN\)$/],
    ])('with %j in the environment computes with oneDNN: %s, and its name says so', (env, expected, name) => {
      const { told } = run({}, process.execPath, env);
      expect((told['engine'] as { readonly oneDnn: string }).oneDnn).toBe(expected);
      expect(told['name']).toMatch(name);
    });

    it.each([
      ['of its own', {}, 'by processor'],
      ['of its own, where the process has the setting', { TF_ENABLE_ONEDNN_OPTS: '1' }, 'on'],
    ])('tells in a worker with an environment %s what the library was told', (_, env, expected) => {
      const { told } = run({}, process.execPath, { CATRS_TEST_WORKER: '1', ...env });
      expect((told['engine'] as { readonly oneDnn: string }).oneDnn).toBe(expected);
    });

    it('lets a host hear what TensorFlow prints', () => {
      expect(run({}, process.execPath, { TF_CPP_MIN_LOG_LEVEL: '0' }).printed).toMatch(/rebuild TensorFlow/);
    });

    it('sets the backend, again after another, and refuses another number of threads once it is loaded', async () => {
      const resolveFrom = guestsFolder;
      const engine = await useNative({ threads: 2, resolveFrom });
      await tf.setBackend('cpu');
      expect(await useNative({ threads: 2, resolveFrom })).toEqual(engine);
      expect(tf.getBackend()).toBe('tensorflow');
      const call = useNative({ threads: 1, resolveFrom });
      await expect(call).rejects.toBeInstanceOf(OptionError);
      await expect(call).rejects.toThrow(
        'useNative: `threads` must be the number that TensorFlow is loaded with in this process, got 1 with TF_NUM_INTRAOP_THREADS 2 and TF_NUM_INTEROP_THREADS 2 (leave',
      );
    });
  },
);
