import * as tf from '@tensorflow/tfjs';
import * as fields from '../options/fields.ts';
import { optionsOf } from '../options/parse.ts';
import type { DrawPosition } from '../random/draw-position.ts';
import { addToRows } from '../random/fill-normals.ts';
import { foldIn } from '../random/key.ts';
import { weakerReading } from '../stats/rounding.ts';
import { arraysForTensors, tensorOver } from '../tensors/own-tensor.ts';
import type { Norm, ProbabilityBound } from '../types.ts';
import { assertNorm, batchDrawRequest, drawRequest } from './requests.ts';
import type {
  AdditiveNoise,
  BatchDrawRequest,
  Domain,
  DrawRequest,
  Noise,
  NoiseParameters,
  RadiusRequest,
} from './types.ts';

const NORMS: readonly unknown[] = ['l1', 'l2', 'linf', 'scaled'];

/** What {@link additiveNoise} builds a noise from. */
export interface AdditiveNoiseOptions {
  /** Short name for logs. */
  readonly name: string;
  /**
   * The parameters of the distribution, for logs.
   * @defaultValue {}
   */
  readonly parameters?: NoiseParameters | undefined;
  /** The norms that it certifies; the first is the default. */
  readonly norms: readonly Norm[];
  /**
   * The inputs for which its certificate holds.
   * @defaultValue 'real'
   */
  readonly domain?: Domain | undefined;
  /** Fills `out` with whole samples of ε; coordinate j of sample i must depend on (key, i, j) alone. */
  readonly sample: (out: Float32Array, request: DrawPosition) => void;
  /**
   * Certified radius for a lower bound p > 1/2 on the top class; must never be rounded up. It is given p and q that fit: of a bound whose
   * parts do not, the part that claims less counts. Asked for no other norm than `norms`.
   */
  readonly radius: (bound: ProbabilityBound, request: RadiusRequest) => number;
  /** Certified radius against upper bounds on the other classes, if one is known (see `Noise.radiusAgainst`). */
  readonly radiusAgainst?: NonNullable<Noise['radiusAgainst']> | undefined;
  /** What the certificate takes for granted, if it is not just real arithmetic (see `Noise.assumptions`). */
  readonly assumptions?: readonly string[] | undefined;
}

const additiveNoiseOptions = optionsOf<AdditiveNoiseOptions>()({
  name: fields.field<string>('must be a name', (v) => typeof v === 'string' && v !== ''),
  parameters: fields.withDefault(fields.object<NoiseParameters>('must be an object of numbers'), {}),
  norms: fields.field<readonly Norm[]>(
    "must be a list of at least one of 'l1', 'l2', 'linf', 'scaled'",
    (v) => Array.isArray(v) && v.length > 0 && v.every((norm) => NORMS.includes(norm)),
  ),
  domain: fields.withDefault(
    fields.field<Domain>("must be 'real', 'unit' or 'uint8'", (v) => v === 'real' || v === 'unit' || v === 'uint8'),
    'real',
  ),
  sample: fields.callback<AdditiveNoiseOptions['sample']>('must be a function that fills an array with noise'),
  radius: fields.callback<AdditiveNoiseOptions['radius']>('must be a function from a probability bound to a radius'),
  radiusAgainst: fields.optional(
    fields.callback<NonNullable<AdditiveNoiseOptions['radiusAgainst']>>(
      'must be a function from probability bounds to a radius',
    ),
  ),
  assumptions: fields.optional(
    fields.field<readonly string[]>(
      'must be a list of short phrases',
      (v) => Array.isArray(v) && v.every((phrase) => typeof phrase === 'string'),
    ),
  ),
});

/**
 * Builds an additive noise x + ε from a sampler of ε and the radius it implies; no subclass is needed.
 *
 * The noise is drawn in JavaScript and uploaded, so its bits are the same on every backend and for every batch size.
 *
 * @throws OptionError if an option is missing or unknown.
 * @example
 * ```ts
 * const logistic = additiveNoise({
 *   name: 'logistic',
 *   norms: ['l1'],
 *   sample: (out, draw) => {
 *     fillUniforms(out, draw);
 *     out.forEach((u, i) => (out[i] = Math.log((u + 2 ** -25) / (1 - u - 2 ** -25))));
 *   },
 *   radius: ({ p, q }) => Math.log(p / q) * (1 - 1e-12),
 * });
 * ```
 */
export function additiveNoise(options: AdditiveNoiseOptions): AdditiveNoise {
  const parsed = additiveNoiseOptions.parse('additiveNoise', options);
  const { name, parameters, norms, domain, sample, radius, radiusAgainst, assumptions } = parsed;
  const arrayOf = arraysForTensors();
  const noise: AdditiveNoise = {
    name,
    parameters,
    norms,
    domain,
    ...(assumptions && { assumptions }),
    sample,
    perturb: (x, request) => perturbOne(sample, arrayOf, x, request),
    sampleBatch: (request) => drawBatch(sample, request),
    radius: (bound, request) => {
      assertNorm('Noise.radius', request.norm, norms);
      const lower = weakerReading('Noise.radius', bound);
      return lower.p > 0.5 ? radius(lower, request) : 0;
    },
    ...(radiusAgainst && {
      radiusAgainst: (lower, others, k, request) => {
        assertNorm('Noise.radiusAgainst', request.norm, norms);
        return radiusAgainst(lower, others, k, request);
      },
    }),
  };
  // Not enumerable: `{ ...noise, perturb }` with a perturb of one's own must not keep it.
  const fillCopies: AdditiveNoise['fillCopies'] = (out, x, request) => fillSums(sample, out, x, request);
  return Object.defineProperty(noise, 'fillCopies', { value: fillCopies });
}

function fillSums(sample: AdditiveNoise['sample'], out: Float32Array, x: Float32Array, request: DrawPosition): void {
  sample(out, request);
  addToRows(out, x);
}

function perturbOne(
  sample: AdditiveNoise['sample'],
  arrayOf: (length: number) => Float32Array,
  x: tf.Tensor,
  request: DrawRequest,
): tf.Tensor {
  const { key, start, count } = drawRequest.parse('Noise.perturb', request);
  const noise = arrayOf(count * x.size);
  sample(noise, { key, start, dimension: x.size });
  return tf.tidy(() => tf.add(x, tensorOver(noise, [count, ...x.shape], 'float32')));
}

function drawBatch(sample: AdditiveNoise['sample'], request: BatchDrawRequest): tf.Tensor {
  const { key, numNoise, shape, firstImage } = batchDrawRequest.parse('Noise.sampleBatch', request);
  const [batch = 0, ...exampleShape] = shape;
  const dimension = exampleShape.reduce((product, size) => product * size, 1);
  const noise = new Float32Array(numNoise * batch * dimension);
  for (let b = 0; b < batch; b++) {
    const exampleKey = foldIn(key, firstImage + b);
    for (let m = 0; m < numNoise; m++) {
      const begin = (m * batch + b) * dimension;
      sample(noise.subarray(begin, begin + dimension), { key: exampleKey, start: m, dimension });
    }
  }
  return tensorOver(noise, [numNoise, ...shape], 'float32');
}
