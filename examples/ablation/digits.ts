/**
 * Trains LeNet on handwritten digits of which it sees 45 pixels, and certifies how many pixels anybody may replace.
 *
 * Run it with `npx tsx examples/ablation/digits.ts` after `npm run build`; `--model folder` keeps the trained network there, `--report folder`
 * writes figures and a picture. It needs
 * the package `@tensorflow/tfjs-backend-wasm`.
 */
import { AblationNoise, certifyDataset, createKey, SmoothedClassifier, split } from 'catrs';
import { arrayDataset } from 'catrs/data';
import { lenet } from 'catrs/models';
import { useWasm } from 'catrs/wasm';
import { DIGIT_SHAPE, loadDigits } from '../load-digits.ts';
import { type ExampleOptions, runExample } from '../run-example.ts';
import { type AblationFigures, figuresOf, tell } from './figures.ts';
import { trainedModel, trainOnCopies } from './train-on-copies.ts';

/** Kept pixels of 784, as in the paper. */
const KEEP = 45;

/** Trains (or loads what `--model folder` holds), certifies and tells. */
export async function main({ fast }: ExampleOptions): Promise<AblationFigures> {
  await useWasm();
  const [trainingKey, certifyKey] = split(createKey(45), 2);
  const noise = new AblationNoise({ inputShape: DIGIT_SHAPE, keep: KEEP });
  const [perClass, images, n] = fast ? [60, 20, 200] : [800, 500, 2000];
  const model = await trainedModel(async () => {
    const lenet2 = lenet({ key: trainingKey, inputShape: [28, 28, 2] }); // the shape of a copy
    const plan = { epochs: fast ? 2 : 60, batch: 50, learningRate: 1e-3, key: trainingKey };
    await trainOnCopies(lenet2, noise, await loadDigits({ perClass }), plan);
    return lenet2;
  });

  const g = new SmoothedClassifier(model, { noise });
  const held = await loadDigits({ from: 800, perClass: images / 10 });
  const test = arrayDataset({ values: held.values, labels: held.labels, shape: [...DIGIT_SHAPE] });
  const rows = [];
  const begun = performance.now();
  for await (const row of certifyDataset(g, test, { key: certifyKey, n0: 100, n, alpha: 0.001 })) rows.push(row);
  const seconds = (performance.now() - begun) / 1000;
  model.dispose();

  const figures = figuresOf(rows, { n, alpha: 0.001, seconds, unit: 'pixels' });
  await tell('digits', { 'LeNet, 45 of 784 pixels': figures }, 'Digits: any change of at most r pixels');
  return figures;
}

await runExample(import.meta.url, main);
