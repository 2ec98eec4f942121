import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCertificationLog } from '../../src/evaluate/parse-certification-log.ts';
import { encodeNpy } from '../../src/data/npy.ts';
import { saveModel } from '../../src/node/save-model.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs, useTiny } from './run.ts';
import { SIZE, tinyImages, tinyModel } from './tiny.ts';

const { path, data, run } = useTiny();

/** Colour images [4, 4, 3] of which the red channel decides, in the order of axes that is asked for. */
function colours(order: 'last' | 'first'): Float32Array {
  const values = new Float32Array(SIZE * 48);
  for (let i = 0; i < SIZE; i++) {
    for (let place = 0; place < 16; place++) {
      for (let c = 0; c < 3; c++) {
        const value = c === 0 ? (i + 0.5) / SIZE : ((i * 7 + place * 3 + c * 5) % 11) / 11;
        values[i * 48 + (order === 'last' ? place * 3 + c : c * 16 + place)] = value;
      }
    }
  }
  return values;
}

/** Weights of a linear model of [4, 4, 3] for which the red channel is class 1 above 1/2, for inputs in an order of axes. */
function redWeights(order: 'last' | 'first'): Float32Array {
  return Float32Array.from({ length: 96 }, (_, i) => {
    const at = i >> 1;
    const isRed = order === 'last' ? at % 3 === 0 : at < 16;
    return isRed ? (i % 2 === 0 ? -1 : 1) : 0;
  });
}

async function save(
  name: string,
  layers: tf.layers.Layer[],
  weights?: readonly (readonly [Float32Array, number[]])[],
): Promise<void> {
  const model = tf.sequential({ layers });
  if (weights) tf.tidy(() => model.setWeights(weights.map(([values, shape]) => tf.tensor(values, shape))));
  await saveModel(model, path(name));
  model.dispose();
}

const bias = Float32Array.of(8, -8);

async function saveRed(name: string, inputShape: number[], order: 'last' | 'first'): Promise<void> {
  const first = inputShape.length === 1 ? [] : [tf.layers.flatten({ inputShape })];
  const dense = tf.layers.dense({ units: 2, ...(inputShape.length === 1 && { inputShape }) });
  await save(
    name,
    [...first, dense],
    [
      [redWeights(order), [48, 2]],
      [bias, [2]],
    ],
  );
}

beforeAll(async () => {
  const { values } = tinyImages();
  const write = (name: string, shape: number[], array: Float32Array): Promise<void> =>
    writeFile(path(name), encodeNpy({ dtype: 'float32', shape, data: array }));
  await write('flat.npy', [SIZE, 16], values);
  await write(
    'wide.npy',
    [SIZE, 4, 4, 1],
    values.map((value) => Math.fround(255 * value)),
  );
  await write('last.npy', [SIZE, 4, 4, 3], colours('last'));
  await write('first.npy', [SIZE, 3, 4, 4], colours('first'));
  await writeFile(
    path('bytes.npy'),
    encodeNpy({
      dtype: 'uint8',
      shape: [SIZE, 4, 4, 1],
      data: Uint8Array.from(values, (value) => Math.round(255 * value)),
    }),
  );
  const plain = tinyModel();
  const [kernel = new Float32Array(0), offset = new Float32Array(0)] = await Promise.all(
    plain.getWeights().map(async (weight) => (await weight.data()) as Float32Array),
  );
  plain.dispose();
  for (const shape of [[4, 4], [16], [1, 4, 4]]) {
    const first = shape.length === 1 ? [] : [tf.layers.flatten({ inputShape: shape })];
    const dense = tf.layers.dense({ units: 2, ...(shape.length === 1 && { inputShape: shape }) });
    await save(
      `for-${shape.join('-')}`,
      [...first, dense],
      [
        [kernel, [16, 2]],
        [offset, [2]],
      ],
    );
  }
  await saveRed('red-last', [4, 4, 3], 'last');
  await saveRed('red-first', [3, 4, 4], 'first');
  await saveRed('red-flat', [48], 'last');
  await saveRed('red-flat-first', [48], 'first');
  // The same plane in one unit: sum x − 8.
  const ones = new Float32Array(16).fill(2);
  for (const [name, activation] of [
    ['logit', 'linear'],
    ['sigmoid', 'sigmoid'],
  ] as const) {
    const layers = [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 1, activation })];
    await save(name, layers, [
      [ones, [16, 1]],
      [Float32Array.of(-16), [1]],
    ]);
  }
  // The same plane of (x − 0.25) / 0.5, and of images that it divides by 255 itself.
  await save(
    'normalised',
    [tf.layers.flatten({ inputShape: [4, 4, 1] }), tf.layers.dense({ units: 2 })],
    [
      [kernel.map((value) => 0.5 * value), [16, 2]],
      [offset.map((value, c) => value + (c === 0 ? -1 : 1) * 4), [2]],
    ],
  );
  const inner = tf.sequential({ layers: [tf.layers.rescaling({ scale: 1 / 255, inputShape: [4, 4, 1] })] });
  const rescaling = tf.sequential({ layers: [inner, tf.layers.flatten(), tf.layers.dense({ units: 2 })] });
  tf.tidy(() => rescaling.setWeights([tf.tensor(kernel, [16, 2]), tf.tensor1d(offset)]));
  await saveModel(rescaling, path('rescaling'));
  rescaling.dispose();
});

/** The rows of a run, but for their times, and what it said of the images. */
async function rowsOf(
  args: readonly (string | number)[],
  out: string,
): Promise<{ readonly rows: unknown[]; readonly notes: string }> {
  const { code, stderr } = await catrs(['certify', ...args, '--backend', 'cpu', '--n', 200, '--out', path(out)], {
    workerArguments: runTypeScript,
  });
  expect(stderr, stderr).not.toContain('catrs: /');
  expect(code, stderr).toBe(0);
  const rows = parseCertificationLog(await readFile(path(out), 'utf8')).map((row) => ({ ...row, milliseconds: 0 }));
  const notes = stderr.split('\n').filter((text) => text.startsWith('catrs: ') && !text.includes('running on'));
  return { rows, notes: notes.join('\n') };
}

const sigma = ['--sigma', 0.5];
const with_ = (x: string, model: string, ...more: (string | number)[]): (string | number)[] => [
  ...['--data', path(x), '--labels', path('y.npy'), '--model', path(model), ...sigma],
  ...more,
];

describe('models for another shape than that of the images', () => {
  it.each([
    ['x.npy', 'for-4-4', 'images [4, 4, 1] are given to the model as [4, 4]'],
    ['x.npy', 'for-16', 'images [4, 4, 1] are given to the model as [16]'],
    ['x.npy', 'for-1-4-4', 'images [4, 4, 1] are given to the model as [1, 4, 4]'],
    ['flat.npy', 'for-4-4', 'images [16] are given to the model as [4, 4]'],
    ['flat.npy', 'model', 'images [16] are given to the model as [4, 4, 1]'],
  ])('%s for %s: the rows of images of its shape, also from two threads', async (x, model, text) => {
    const { rows: expected } = await rowsOf(with_('x.npy', 'model'), `expected-${x}-${model}.tsv`);
    const one = await rowsOf(with_(x, model), `one-${x}-${model}.tsv`);
    expect(one).toEqual({ rows: expected, notes: `catrs: ${text}` });
    const two = await rowsOf(with_(x, model, '--workers', 2), `two-${x}-${model}.tsv`);
    expect(two.rows).toEqual(expected);
  });

  it.each([
    ['last.npy', 'red-first', [], 'images [4, 4, 3] are given to the model as [3, 4, 4], their channels first'],
    ['last.npy', 'red-first', ['--layout', 'nchw'], 'as [3, 4, 4], their channels first'],
    ['first.npy', 'red-last', [], 'images [3, 4, 4] are given to the model as [4, 4, 3], their channels last'],
    ['last.npy', 'red-flat', ['--layout', 'nhwc'], 'images [4, 4, 3] are given to the model as [48]'],
    ['last.npy', 'red-flat-first', ['--layout', 'nchw'], 'as [48], their channels first'],
    ['first.npy', 'red-flat-first', ['--layout', 'nchw'], 'images [3, 4, 4] are given to the model as [48]'],
  ] as const)('%s for %s %j', async (x, model, more, text) => {
    const own = x === 'last.npy' ? 'red-last' : 'red-first';
    const { rows: expected } = await rowsOf(with_(x, own), `own-${x}-${model}${more.length}.tsv`);
    const found = await rowsOf(with_(x, model, ...more), `found-${x}-${model}${more.length}.tsv`);
    expect(found.rows).toEqual(expected);
    expect(found.notes).toContain(text);
    expect(found.rows.some((row) => (row as { label: number; predicted: number }).predicted === 1)).toBe(true);
  });

  it.each([
    [
      'last.npy',
      'red-flat',
      [],
      'a flat vector of several channels has an order that its shape does not tell: give --layout, nhwc or nchw',
    ],
    ['last.npy', 'red-last', ['--layout', 'nchw'], '[4, 4, 3] is of another order than nchw: leave --layout out'],
    ['x.npy', 'model', ['--layout', 'nchw'], '[4, 4, 1] is of another order than nchw: leave --layout out'],
    ['x.npy', 'red-last', [], '1 channels where 3 are wanted: repeat the one channel'],
  ] as const)('%s for %s %j is refused', async (x, model, more, text) => {
    const { code, stderr } = await catrs(['predict', ...with_(x, model, '--n', 20, ...more)]);
    expect(stderr).toContain(`(${text})`);
    expect(code).toBe(2);
  });
});

describe('normalised inputs', () => {
  it('have the noise before them, in this thread and in two, with one number or one a channel', async () => {
    const { rows: expected } = await rowsOf(with_('x.npy', 'model'), 'plain.tsv');
    const options = ['--mean', '0.25', '--std', '0.5'];
    const one = await rowsOf(with_('x.npy', 'normalised', ...options), 'normalised.tsv');
    expect(one.rows).toEqual(expected);
    const two = await rowsOf(with_('x.npy', 'normalised', ...options, '--workers', 2), 'normalised-2.tsv');
    expect(two.rows).toEqual(expected);
    const other = await catrs([
      ...['certify', ...with_('x.npy', 'normalised', '--n', 200, '--backend', 'cpu', '--mean', 0.5, '--std', 0.5)],
      ...['--out', path('normalised.tsv'), '--resume'],
    ]);
    expect(other.stderr).toContain('must be a log of this model');
    const again = await catrs([
      ...['verify', path('normalised.tsv'), '--data', path('x.npy'), '--labels', path('y.npy')],
      ...['--model', path('normalised'), '--backend', 'cpu', ...options],
    ]);
    expect(again.code, again.stderr).toBe(0);
  });

  it('are attacked as they are certified', async () => {
    const attack = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await catrs([
        ...['attack', '--data', path('x.npy'), '--labels', path('y.npy'), '--backend', 'cpu', ...sigma, '--n', 50],
        ...['--epsilon', 0.5, '--steps', 2, '--num-noise', 2, '--json', '--model', ...args],
      ]);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    expect(await attack(path('normalised'), '--mean', '0.25', '--std', '0.5')).toBe(await attack(path('model')));
  });

  it.each([
    [['--mean', '1,2'], '--mean must be one number, or one for each channel of images of shape [4, 4, 1], got 2'],
    [['--std', '1,2,3'], '--std must be one number, or one for each channel of images of shape [4, 4, 1], got 3'],
    [['--std', '0'], '--std must be a number above 0 that float32 can hold'],
  ])('%j is refused', async (args, text) => {
    const { code, stderr } = await catrs(['predict', ...run(args)]);
    expect(stderr).toContain(`catrs: ${text}`);
    expect(code).toBe(2);
  });
});

describe('a model of one unit', () => {
  it.each(['logit', 'sigmoid'])('%s is one of two classes, in this thread and in two', async (model) => {
    const { rows: expected } = await rowsOf(with_('x.npy', 'model'), `classes-${model}.tsv`);
    const output = ['--output', model === 'logit' ? 'logits' : 'probabilities'];
    const one = await rowsOf(with_('x.npy', model, ...output), `unit-${model}.tsv`);
    expect(one.rows).toEqual(expected);
    const two = await rowsOf(with_('x.npy', model, ...output, '--workers', 2), `unit-${model}-2.tsv`);
    expect(two.rows).toEqual(expected);
  });

  it('is refused where its probability would be taken for a logit, or its logit for a probability', async () => {
    const wrong = await catrs(['predict', ...with_('x.npy', 'sigmoid', '--n', 20)]);
    expect(wrong.stderr).toContain(
      'must return a logit with --output logits, got one unit with the probability of class 1 (add --output probabilities)',
    );
    const other = await catrs(['predict', ...with_('x.npy', 'logit', '--n', 20, '--output', 'probabilities')]);
    expect(other.stderr).toContain("must be 'logits' for a classifier whose rows are not non-negative with sum 1");
    expect([wrong.code, other.code]).toEqual([2, 2]);
  });
});

describe('the scale of inputs gets a line', () => {
  const notes = async (...args: (string | number)[]): Promise<string[]> => {
    const { stderr } = await catrs(['predict', '--labels', path('y.npy'), '--n', 20, '--backend', 'cpu', ...args]);
    return stderr.split('\n').filter((text) => text.startsWith('catrs: ') && !/running on|accuracy/.test(text));
  };
  const model = (name: string): string[] => ['--model', path(name)];

  it('where a model begins with Rescaling, also inside, and gets 0 to 1', async () => {
    const begins = `catrs: ${path('rescaling')} begins with Rescaling(0.00392157), so it wants values up to 255, but gets images of 0 to 1: `;
    const scaled = '--std 0.00392157 brings them there and keeps sigma in units of 0 to 1';
    expect(await notes('--data', path('x.npy'), ...model('rescaling'), ...sigma)).toEqual([begins + scaled]);
    expect(await notes('--data', path('bytes.npy'), ...model('rescaling'), ...sigma)).toEqual([
      `${begins}--input-range 0,255 with sigma in these units, or ${scaled}`,
    ]);
    expect(await notes('--data', path('x.npy'), ...model('rescaling'), ...sigma, '--std', '0.00392157')).toEqual([]);
    expect(
      await notes('--data', path('wide.npy'), ...model('rescaling'), '--input-range', '0,255', '--sigma', 60),
    ).toEqual([]);
  });

  it('where sigma is tiny against the range', async () => {
    expect(
      await notes('--data', path('wide.npy'), ...model('rescaling'), '--input-range', '0,255', '--sigma', 0.25),
    ).toEqual([
      'catrs: --sigma 0.25 is below 1/500 of the input range 0 to 255: sigma and radius are in its units (0.25 of a range of 0 to 1 is 63.75 here)',
    ]);
    expect(await notes(...data().slice(0, 2), ...model('model'), ...sigma)).toEqual([]);
  });
});

describe('the unit of sigma and radius is named', () => {
  it('in the summary of certify, by attack, by analyze and on the axis of its plot', async () => {
    const out = path('wide.tsv');
    const wide = [
      '--data',
      path('wide.npy'),
      '--labels',
      path('y.npy'),
      '--model',
      path('rescaling'),
      '--backend',
      'cpu',
    ];
    const asked = [...wide, '--input-range', '0,255', '--sigma', 60];
    const unit = 'radii in units of the input range 0 to 255';
    const certified = await catrs(['certify', ...asked, '--n', 200, '--out', out]);
    expect(certified.stdout).toContain(`\n  ${unit}\n`);
    const attacked = await catrs(['attack', ...asked, '--n', 20, '--epsilon', 30, '--steps', 1, '--num-noise', 1]);
    expect(attacked.stdout).toContain('\n  sigma and epsilon in units of the input range 0 to 255\n');
    const plot = path('wide.svg');
    // The log names it itself.
    expect(await readFile(out, 'utf8')).toContain('\t["real arithmetic","input range 0 to 255"]\t');
    const analyzed = await catrs(['analyze', out, '--plot', plot]);
    expect(analyzed.stdout).toContain(unit);
    expect(await readFile(plot, 'utf8')).toContain('radius, in units of the input range 0 to 255');
    expect((await catrs(['analyze', out, '--input-range', '0,1'])).stderr).toContain(
      `--input-range must be that of the logs, got 0 to 1 for ${out}, which is in units of 0 to 255 (leave it out)`,
    );
    expect((await catrs(['verify', out])).code).toBe(0);
    const redrawn = ['verify', out, ...wide, '--seed', 0];
    expect((await catrs([...redrawn, '--input-range', '0,255'])).code).toBe(0);
    expect((await catrs([...redrawn, '--input-range', '0,300'])).code).toBe(1);
    const resumed = await catrs([
      'certify',
      ...wide,
      '--input-range',
      '0,300',
      '--sigma',
      60,
      '--n',
      200,
      '--out',
      out,
      '--resume',
    ]);
    expect(resumed.stderr).toContain('assumptions');

    const narrow = path('narrow.tsv');
    await catrs([
      'certify',
      '--data',
      path('x.npy'),
      '--labels',
      path('y.npy'),
      '--model',
      path('rescaling'),
      '--backend',
      'cpu',
      '--sigma',
      0.2,
      '--n',
      200,
      '--out',
      narrow,
    ]);
    expect((await catrs(['analyze', narrow])).stdout).not.toContain('units');
    expect((await catrs(['analyze', narrow, out])).stderr).toContain(
      'radii in units of different input ranges cannot be compared: 0 to 1, or not named in narrow, 0 to 255 in wide',
    );
  });
});
