/**
 * Certifies how far a prediction of fuel consumption can move when the data of a car are wrong.
 *
 * Run it with `npx tsx examples/certify-regression.ts` after `npm run build`; with `--write FOLDER` it writes the results and the picture of
 * docs/guide/regression.md. It needs the package `@tensorflow/tfjs-backend-wasm`.
 *
 * The median of noisy predictions is the answer. Its intervals hold for every change of the five features by up to so many standard deviations (L2, all
 * features together), whoever made it: wrong data, rounding, or an attacker.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  type BoundsCertificate,
  certifyDataset,
  createKey,
  foldIn,
  GaussianNoise,
  intervalMetrics,
  type Key,
  type OutputRow,
  SmoothedRegressor,
  split,
  verifyCertificate,
} from 'catrs';
import { renderSvg } from 'catrs/plots';
import { useWasm } from 'catrs/wasm';
import { type Car, FEATURES, loadCars } from './regression/cars.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

const noise = new GaussianNoise({ sigma: 0.5 });
const RADII = [0.125, 0.25, 0.5];
const ALPHA = 0.001;

/** What is known of a car in the end, in miles per gallon. */
export interface CarResult {
  readonly name: string;
  readonly truth: number;
  /** The median of the noisy predictions. */
  readonly predicted: number;
  /** Where the smoothed prediction stays. */
  readonly within: readonly { readonly radius: number; readonly lower: number | null; readonly upper: number | null }[];
}

/** Trains on four of five cars and certifies the others. */
export async function main({ fast }: ExampleOptions): Promise<CarResult[]> {
  await useWasm();
  const [trainKey, certifyKey, predictKey] = split(createKey(0), 3);
  const cars = await loadCars();
  const isHeldOut = (_: Car, i: number): boolean => i % 5 === 0;
  const heldOut = cars.filter(isHeldOut).slice(0, fast ? 10 : undefined);
  using model = await train(cars.filter((car, i) => !isHeldOut(car, i)), { epochs: fast ? 20 : 200, key: trainKey }); // prettier-ignore

  // Five standard deviations are more than any car has.
  const g = new SmoothedRegressor(model.predict, { noise, outputs: 1, inputRange: [-5, 5] });
  const n = fast ? 1000 : 10_000;
  const testSet = {
    size: heldOut.length,
    shape: [FEATURES],
    example: (i: number) => ({ x: Float32Array.from(heldOut[i]!.features), target: [heldOut[i]!.mpg] }),
  };
  const rows: OutputRow<BoundsCertificate, readonly number[]>[] = [];
  for await (const row of certifyDataset(g, testSet, { key: certifyKey, n, alpha: ALPHA, radius: RADII })) {
    assert(row.certificate.claim === 'bounds' && verifyCertificate(row.certificate, noise).valid);
    rows.push({ ...row, certificate: row.certificate });
  }

  const results: CarResult[] = [];
  for (const [i, { certificate }] of rows.entries()) {
    const { name, mpg, features } = heldOut[i]!;
    const x = tf.tensor1d([...features]);
    const { point } = await g.predict(x, { key: foldIn(predictKey, i), n, alpha: ALPHA });
    x.dispose();
    const within = certificate.within.map(({ radius, bounds }) => ({
      radius,
      lower: bounds[0]!.lower,
      upper: bounds[0]!.upper,
    }));
    results.push({ name, truth: mpg, predicted: Number(point[0]), within });
  }
  await report(results, rows);
  return results;
}

/** A network that predicts miles per gallon, trained with the noise of the certificate: the absolute error, since the median is asked. */
async function train(
  cars: readonly Car[],
  { epochs, key }: { readonly epochs: number; readonly key: Key },
): Promise<{ predict: (x: tf.Tensor) => tf.Tensor; [Symbol.dispose](): void }> {
  const layer = (units: number, seed: number, more: object = {}): tf.layers.Layer =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.glorotUniform({ seed }), ...more });
  const layers = [
    layer(64, 1, { inputShape: [FEATURES], activation: 'relu' }),
    layer(64, 2, { activation: 'relu' }),
    layer(1, 3),
  ];
  const model = tf.sequential({ layers });
  // Predictions begin near the mean, 23 miles per gallon.
  const predict = (x: tf.Tensor): tf.Tensor => tf.tidy(() => tf.add(tf.mul(model.apply(x) as tf.Tensor, 8), 23));
  const [features, truths] = [
    tf.tensor2d(cars.map((car) => [...car.features])),
    tf.tensor2d(cars.map(({ mpg }) => [mpg])),
  ];
  const optimizer = tf.train.adam(0.003);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const draws = noise.sampleBatch({ key: foldIn(key, epoch), numNoise: 4, shape: features.shape });
    optimizer.minimize(
      () => {
        const noisy = tf.reshape(tf.add(features, draws), [-1, FEATURES]);
        return tf.mean(tf.abs(tf.sub(predict(noisy), tf.tile(truths, [4, 1])))) as tf.Scalar;
      },
      false,
      variables,
    );
    draws.dispose();
    if (epoch % 20 === 0) await tf.nextFrame();
  }
  tf.dispose([features, truths]);
  optimizer.dispose();
  return { predict, [Symbol.dispose]: () => void model.dispose() };
}

async function report(
  results: readonly CarResult[],
  rows: readonly OutputRow<BoundsCertificate, readonly number[]>[],
): Promise<void> {
  const error = results.reduce((sum, { truth, predicted }) => sum + Math.abs(truth - predicted), 0) / results.length;
  console.log(`${results.length} cars, mean error of the smoothed prediction ${error.toFixed(2)} mpg`);
  const figures = intervalMetrics(rows).map(({ radius, meanWidth, coverage, certifiedErrors }) => {
    const within = (tolerance: number): number =>
      certifiedErrors.filter((e) => e <= tolerance).length / certifiedErrors.length;
    const [five, median] = [within(5), certifiedErrors[Math.ceil(certifiedErrors.length / 2) - 1] ?? null];
    console.log(
      `every change up to ${radius} standard deviations: intervals ${meanWidth?.toFixed(1)} mpg wide on average, ` +
        `${(100 * five).toFixed(0)} % of the cars within 5 mpg of the truth whatever happens`,
    );
    return { radius, meanWidth, coverage, medianCertifiedError: median, within5: five };
  });
  const folder = process.argv[process.argv.indexOf('--write') + 1];
  if (process.argv.includes('--write') && folder !== undefined) {
    const settings = { sigma: noise.sigma, n: rows[0]!.certificate.n, alpha: ALPHA, cars: results.length };
    await writeFile(
      join(folder, 'results.json'),
      `${JSON.stringify({ settings, error, figures, results }, null, 1)}\n`,
    );
    await writeFile(join(folder, 'intervals.svg'), await renderSvg(picture(results)));
  }
}

/** Each car where truth and prediction meet, with what the prediction can become. */
function picture(results: readonly CarResult[]): Parameters<typeof renderSvg>[0] {
  const values = results.flatMap(({ truth, predicted, within }) =>
    within.map(({ radius, lower, upper }) => ({ truth, predicted, radius: `up to ${radius}`, lower, upper })),
  );
  const axis = (field: string, title: string) => ({
    field,
    type: 'quantitative' as const,
    title,
    scale: { domain: [5, 50] },
  });
  const rules = [...RADII].reverse().map((radius, i) => ({
    transform: [{ filter: `datum.radius === 'up to ${radius}'` }],
    mark: { type: 'rule' as const, strokeWidth: 1.5 + 1.5 * i },
    encoding: {
      x: axis('truth', 'true consumption (miles per gallon)'),
      y: axis('lower', 'smoothed prediction (miles per gallon)'),
      y2: { field: 'upper' },
      color: {
        field: 'radius',
        type: 'nominal' as const,
        title: 'change of the data (standard deviations)',
        scale: { domain: RADII.map((one) => `up to ${one}`), range: ['#08519c', '#6baed6', '#c6dbef'] },
      },
    },
  }));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: `Certified intervals of ${results.length} cars that the model has not seen`,
    width: 520,
    height: 420,
    background: 'white',
    data: { values },
    layer: [
      {
        data: { values: [{ a: 5 }, { a: 50 }] },
        mark: { type: 'line', color: '#999', strokeDash: [4, 4] },
        encoding: { x: { field: 'a', type: 'quantitative' }, y: { field: 'a', type: 'quantitative' } },
      },
      ...rules,
      {
        mark: { type: 'point', filled: true, color: 'black', size: 14 },
        encoding: {
          x: axis('truth', 'true consumption (miles per gallon)'),
          y: axis('predicted', 'smoothed prediction (miles per gallon)'),
        },
      },
    ],
    config: { legend: { orient: 'bottom', titleLimit: 400 } },
  };
}

await runExample(import.meta.url, main);
