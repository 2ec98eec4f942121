import * as tf from '@tensorflow/tfjs';
import { BitFlipNoise, fillBits, fillNormals, foldIn, SoundGaussianNoise, ValueFlipNoise } from 'catrs';
import { useWasm } from 'catrs/wasm';
import { alternate, type Work } from '../rounds.ts';
import { pairedRatio, rates, significant } from '../statistics.ts';
import { DIMENSION, imageValues, key, noise, SHAPE, SIGMA } from '../subjects.ts';
import { roundsOf, type BenchSettings, type GroupResult, type Measured } from '../targets.ts';
import { Rivals } from '../rivals.ts';

const BATCH = 256;

/** Normal numbers a second on one core: ours, TensorFlow.js's, PyTorch's; and noisy copies as tensors on each backend. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const repeats = quick ? 1 : 40;
  const units = repeats * BATCH * DIMENSION;
  const out = new Float32Array(BATCH * DIMENSION);
  const words = new Uint32Array(out.length);
  const position = { key: foldIn(key, 4), start: 0, dimension: DIMENSION };
  const rivals = await Rivals.start(['lenet'], [], quick);
  const { peer } = rivals;
  await tf.setBackend('cpu');
  const works: Record<string, Work> = {
    fillNormals: repeat(repeats, () => fillNormals(out, { ...position, scale: 0.25 })),
    fillBits: repeat(repeats, () => fillBits(words, position)),
    'tf.randomNormal': repeat(repeats, () => tf.randomNormal([BATCH, DIMENSION], 0, 0.25).dispose()),
  };
  if (typeof peer !== 'string') {
    const request = { work: 'normals', values: out.length, count: repeats };
    for (const cores of ['one thread', 'two threads'] as const)
      works[`PyTorch, ${cores}`] = () => peer.seconds(cores, request);
  }
  const seconds = await alternate(works, { rounds: roundsOf(settings, 21), warmUp: 2 });
  rivals.close();

  const against = (name: string): Measured => ({
    value: significant(pairedRatio(seconds[name]!, seconds['fillNormals']!)),
    limit: significant(pairedRatio(seconds[name]!, seconds['fillBits']!)),
    limitBecause: 'the random bits alone, before any logarithm or sine',
    details: {
      'normals/s': { ours: rates(units, seconds['fillNormals']!), [name]: rates(units, seconds[name]!) },
      'bits alone, words/s': rates(units, seconds['fillBits']!),
    },
  });
  return {
    targets: {
      P5a: against('tf.randomNormal'),
      P5b: typeof peer === 'string' ? { value: null, reason: peer } : against('PyTorch, one thread'),
    },
    figures: {
      'normals a second, one core': Object.fromEntries(
        Object.entries(seconds).map(([name, each]) => [name, rates(units, each)]),
      ),
      'noisy copies as tensors, values/s': await perBackend(settings),
      'flipped values a second, one core': await flips(settings),
    },
  };
}

/** `perturb` of each backend against `tf.randomNormal` and an addition there. */
async function perBackend(settings: BenchSettings): Promise<Record<string, unknown>> {
  const figures: Record<string, unknown> = {};
  const repeats = settings.quick ? 1 : 5;
  for (const backend of ['cpu', 'wasm']) {
    if (backend === 'wasm') await useWasm({ threads: 1 });
    else await tf.setBackend(backend);
    // Sound noise is for images of 8 bits.
    const x = tf.tensor(
      imageValues(1).map((value) => Math.round(255 * value) / 255),
      [...SHAPE],
    );
    const sound = new SoundGaussianNoise({ sigma: SIGMA });
    const seconds = await alternate(
      {
        ours: repeat(repeats, () => noise.perturb(x, { key, start: 0, count: BATCH }).dispose()),
        sound: repeat(repeats, () => sound.perturb(x, { key, start: 0, count: BATCH }).dispose()),
        tensorflow: repeat(repeats, () => {
          tf.tidy(() => void tf.add(x, tf.randomNormal([BATCH, ...SHAPE], 0, 0.25)));
        }),
      },
      { rounds: roundsOf(settings, 15), warmUp: 2 },
    );
    const units = repeats * BATCH * DIMENSION;
    figures[backend] = {
      ratio: significant(pairedRatio(seconds.tensorflow, seconds.ours)),
      ours: rates(units, seconds.ours),
      SoundGaussianNoise: rates(units, seconds.sound),
      'x + tf.randomNormal': rates(units, seconds.tensorflow),
    };
    x.dispose();
  }
  return figures;
}

/** Copies of flipped bits, of the attributes of a node and of all pairs of 2810 nodes, and of grey levels; each beside the random words alone. */
async function flips(settings: BenchSettings): Promise<Record<string, unknown>> {
  const bits = new BitFlipNoise({ addition: 0.01, deletion: 0.6 });
  const cases = {
    'BitFlipNoise, 1433 attributes': { noise: bits, dimension: 1433, count: 1000 },
    'BitFlipNoise, 3946645 pairs': { noise: bits, dimension: (2810 * 2809) / 2, count: 1 },
    'ValueFlipNoise, 784 grey levels': {
      noise: new ValueFlipNoise({ values: 256, keep: 0.2 }),
      dimension: 784,
      count: 1000,
    },
  };
  const figures: Record<string, unknown> = {};
  for (const [name, { noise: flipping, dimension, count }] of Object.entries(cases)) {
    const x = Float32Array.from({ length: dimension }, (_, j) => (j % 50 === 0 ? 1 : 0));
    const out = new Float32Array(count * dimension);
    const words = new Uint32Array(out.length);
    const position = { key: foldIn(key, 5), start: 0, dimension };
    const seconds = await alternate(
      { ours: () => flipping.fillCopies(out, x, position), fillBits: () => fillBits(words, position) },
      { rounds: roundsOf(settings, 15), warmUp: 2 },
    );
    figures[name] = { ours: rates(out.length, seconds.ours), fillBits: rates(out.length, seconds.fillBits) };
  }
  return figures;
}

function repeat(times: number, work: () => void): Work {
  return () => {
    for (let i = 0; i < times; i++) work();
  };
}
