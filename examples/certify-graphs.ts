/**
 * Certifies who stays on which side of a karate club while friendships are added or forgotten, and which kind an animal is while its attributes change.
 *
 * Run it with `npx tsx examples/certify-graphs.ts` after `npm run build`; with `--write FOLDER` it writes the picture of docs/results/graphs.md. It needs the
 * package `@tensorflow/tfjs-backend-wasm`.
 *
 * The votes of all members come from the same noisy graphs. A classifier of graphs has pairs of members as its input and makes the adjacency matrix inside,
 * so that one flip adds or deletes one friendship.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  adjacencyOfPairs,
  BitFlipNoise,
  type Certificate,
  certifyCounts,
  CopiesLoss,
  type CountsCertificate,
  createKey,
  foldIn,
  type Key,
  pairsOfEdges,
  SmoothedClassifier,
  split,
  trainableVariables,
} from 'catrs';
import { renderSvg } from 'catrs/plots';
import { useWasm } from 'catrs/wasm';
import { friendships, MEMBERS, sides } from './graphs/karate-club.ts';
import { animals, attributes, KINDS } from './graphs/zoo.ts';
import { type ExampleOptions, runExample } from './run-example.ts';

/** Members whose side is known to the classifier: the two leaders and their two friends with the most friends each. */
const KNOWN = [0, 1, 2, 33, 32, 31];

/** A certificate beside the truth. */
export interface Claim {
  readonly truth: number;
  readonly certificate: CountsCertificate | Certificate;
}

/** What a run shows: claims under one noise. */
export interface GraphsResult {
  readonly what: 'edges' | 'attributes';
  readonly noise: BitFlipNoise;
  readonly claims: readonly Claim[];
}

/** Certifies members of the club and animals, each under two noises. */
export async function main({ fast }: ExampleOptions): Promise<GraphsResult[]> {
  await useWasm();
  const [clubKey, zooKey] = split(createKey(0));
  const n = fast ? 1000 : 10_000;
  const results: GraphsResult[] = [];
  for (const [addition, deletion] of [
    [0.01, 0.6],
    [0.002, 0.8],
  ] as const) {
    const noise = new BitFlipNoise({ addition, deletion });
    results.push({ what: 'edges', noise, claims: await certifyMembers(noise, n, fast ? 100 : 300, clubKey) });
  }
  for (const [addition, deletion] of [
    [0.1, 0.1],
    [0.02, 0.6],
  ] as const) {
    const noise = new BitFlipNoise({ addition, deletion });
    results.push({ what: 'attributes', noise, claims: await certifyAnimals(noise, n, fast ? 100 : 400, zooKey) });
  }
  results.forEach(report);
  const folder = process.argv[process.argv.indexOf('--write') + 1];
  if (process.argv.includes('--write') && folder !== undefined) {
    await writeFile(join(folder, 'stairs.svg'), await renderSvg(picture(results.flatMap(stairs))));
  }
  return results;
}

/** Two layers of a graph convolution (Kipf and Welling, 2017) on nodes that have no attributes of their own. */
class GraphConvolution {
  readonly #first: tf.Variable<tf.Rank.R2>;
  readonly #second: tf.Variable<tf.Rank.R2>;

  constructor(seed: number) {
    this.#first = tf.variable(tf.randomNormal<tf.Rank.R2>([MEMBERS, 8], 0, 0.3, 'float32', seed));
    this.#second = tf.variable(tf.randomNormal<tf.Rank.R2>([8, 2], 0, 0.3, 'float32', seed + 1));
  }

  get variables(): tf.Variable[] {
    return [this.#first, this.#second];
  }

  /** Pairs [B, 561] → a score for each side of each member, [B, 34, 2]. */
  scores(pairs: tf.Tensor): tf.Tensor3D {
    const looped = tf.add(adjacencyOfPairs(pairs, MEMBERS), tf.eye(MEMBERS));
    const scale = tf.rsqrt(tf.sum(looped, 2, true)); // [B, 34, 1]
    const spread = (x: tf.Tensor): tf.Tensor => tf.mul(scale, tf.matMul(looped, tf.mul(scale, x)));
    const hidden = tf.relu(spread(tf.expandDims(this.#first)));
    return spread(tf.reshape(tf.matMul(tf.reshape(hidden, [-1, 8]), this.#second), [-1, MEMBERS, 2])) as tf.Tensor3D;
  }

  dispose(): void {
    this.#first.dispose();
    this.#second.dispose();
  }
}

async function certifyMembers(noise: BitFlipNoise, n: number, steps: number, key: Key): Promise<Claim[]> {
  const [trainKey, selectionKey, estimationKey] = split(key, 3);
  const model = new GraphConvolution(1);
  const pairs = tf.tensor1d(pairsOfEdges(friendships, MEMBERS));
  const optimizer = tf.train.adam(0.02);
  const targets = tf.oneHot(tf.tensor1d(KNOWN.map((member) => sides[member]!), 'int32'), 2); // prettier-ignore
  for (let step = 0; step < steps; step++) {
    // One random copy of the graph in each step, as with every family: the classifier has to know what noise looks like.
    using copies = disposable(noise.perturb(pairs, { key: trainKey, start: 8 * step, count: 8 }));
    optimizer.minimize(() => {
      const scores = tf.gather(model.scores(copies.tensor), tf.tensor1d(KNOWN, 'int32'), 1); // prettier-ignore
      return tf.losses.softmaxCrossEntropy(tf.tile(tf.expandDims(targets), [8, 1, 1]), scores);
    }, false, model.variables); // prettier-ignore
  }
  const began = performance.now();
  const votes = async (from: Key, count: number): Promise<number[][]> => {
    const all = sides.map(() => [0, 0]);
    for (let start = 0; start < count; start += 500) {
      const answers = tf.tidy(() => {
        const copies = noise.perturb(pairs, { key: from, start, count: Math.min(500, count - start) });
        return tf.argMax(model.scores(copies), 2);
      });
      (await answers.data()).forEach((side, at) => all[at % MEMBERS]![side]!++);
      answers.dispose();
    }
    return all;
  };
  // All members share the noisy graphs; each certificate is wrong with probability alpha at most.
  const [selection, estimation] = [await votes(selectionKey, 100), await votes(estimationKey, n)];
  const shared = { n, alpha: 0.01, noise, norm: 'l0', dimension: pairs.size } as const;
  const claims = sides.map((truth, member) => ({
    truth,
    certificate: certifyCounts({ ...shared, countsSelection: selection[member]!, counts: estimation[member]! }),
  }));
  console.log(`time: ${n} noisy graphs for ${MEMBERS} members in ${seconds(began)} s`);
  optimizer.dispose();
  model.dispose();
  tf.dispose([pairs, targets]);
  return claims.filter((_, member) => !KNOWN.includes(member));
}

async function certifyAnimals(noise: BitFlipNoise, n: number, steps: number, key: Key): Promise<Claim[]> {
  const [trainKey, certifyKey] = split(key);
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 32, activation: 'relu', inputShape: [attributes.length], kernelInitializer: seeded(2) }),
      tf.layers.dense({ units: KINDS, kernelInitializer: seeded(3) }),
    ],
  });
  const train = animals.filter((_, i) => i % 2 === 0);
  const x = tf.tensor2d(train.map(({ bits }) => [...bits]));
  const labels = train.map(({ kind }) => kind);
  const loss = new CopiesLoss(model, { noise, numNoise: 4 });
  const optimizer = tf.train.adam(0.01);
  for (let i = 0; i < steps; i++) {
    using step = loss.prepare({ x, labels, key: foldIn(trainKey, i) });
    optimizer.minimize(() => step.value(), false, trainableVariables(model));
  }
  const g = new SmoothedClassifier(model, { noise, batchSize: 1000 });
  const claims: Claim[] = [];
  const began = performance.now();
  for (const [i, { bits, kind }] of animals.entries()) {
    if (i % 2 === 0) continue;
    const animal = tf.tensor1d([...bits]);
    const certificate = await g.certify(animal, { key: foldIn(certifyKey, i), n0: 100, n, alpha: 0.01 });
    claims.push({ truth: kind, certificate });
    animal.dispose();
  }
  console.log(`time: ${claims.length} animals with ${n} copies each in ${seconds(began)} s`);
  optimizer.dispose();
  model.dispose();
  x.dispose();
  return claims;
}

/** The share of claims that are right, and stay so under so many changes. */
function certifiedShare(claims: readonly Claim[], noise: BitFlipNoise, added: number, deleted: number): number {
  const right = claims.filter(
    ({ truth, certificate: { label, pABar, qABar } }) =>
      label === truth && noise.certifies({ p: pABar, q: qABar }, { added, deleted }),
  );
  return right.length / claims.length;
}

function report({ what, noise, claims }: GraphsResult): void {
  const right = claims.filter(({ truth, certificate }) => certificate.cAHat === truth).length;
  console.log(`\n${titleOf({ what, noise })}: ${right} of ${claims.length} most voted classes are right`);
  console.log(`certified and right, ${what} added (down) and deleted (across)`);
  const columns = [0, 1, 2, 3, 4, 5, 6];
  console.log(['', ...columns].join('\t'));
  for (const added of [0, 1, 2, 3]) {
    const shares = columns.map((deleted) => certifiedShare(claims, noise, added, deleted));
    console.log([added, ...shares.map((share) => share.toFixed(2))].join('\t'));
    for (const [deleted, share] of shares.entries()) assert.ok(deleted === 0 || share <= shares[deleted - 1]!);
  }
  const radii = [0, 1, 2, 3].map((radius) => atLeast(claims, radius).toFixed(2));
  console.log(`of a radius of at least 0, 1, 2, 3: ${radii.join(', ')}`);
}

const titleOf = ({ what, noise: { parameters } }: Pick<GraphsResult, 'what' | 'noise'>): string =>
  `${what}, p₊ = ${String(parameters['addition'])}, p₋ = ${String(parameters['deletion'])}`;

const atLeast = (claims: readonly Claim[], r: number): number =>
  claims.filter(({ truth, certificate }) => certificate.label === truth && certificate.radius >= r).length /
  claims.length;

interface Step {
  readonly what: string;
  readonly added: string;
  readonly deleted: number;
  readonly share: number;
}

function stairs({ what, noise, claims }: GraphsResult): Step[] {
  return [0, 1, 2].flatMap((added) =>
    Array.from({ length: 11 }, (_, deleted) => ({
      what: titleOf({ what, noise }),
      added: `${added} added`,
      deleted,
      share: certifiedShare(claims, noise, added, deleted),
    })),
  );
}

/** Shares as stairs: a number of deletions covers all smaller ones. */
function picture(values: readonly Step[]): Parameters<typeof renderSvg>[0] {
  const titles = [...new Set(values.map(({ what }) => what))];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    data: { values },
    facet: { field: 'what', type: 'nominal', title: null, sort: titles },
    columns: 2,
    spec: {
      width: 260,
      height: 180,
      mark: { type: 'line', interpolate: 'step-before', strokeWidth: 2 },
      encoding: {
        x: { field: 'deleted', type: 'quantitative', title: 'deleted, at most', axis: { tickMinStep: 1 } },
        y: { field: 'share', type: 'quantitative', title: 'certified and right', scale: { domain: [0, 1] } },
        color: { field: 'added', type: 'nominal', title: null },
      },
    },
  } as unknown as Parameters<typeof renderSvg>[0];
}

const seeded = (seed: number): ReturnType<typeof tf.initializers.glorotUniform> => tf.initializers.glorotUniform({ seed }); // prettier-ignore
const seconds = (began: number): string => ((performance.now() - began) / 1000).toFixed(1);
const disposable = (tensor: tf.Tensor): { tensor: tf.Tensor; [Symbol.dispose](): void } => ({
  tensor,
  [Symbol.dispose]: () => tensor.dispose(),
});

await runExample(import.meta.url, main);
