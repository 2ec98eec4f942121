import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { withContext } from '../options/call-context.ts';
import { createKey } from '../random/key.ts';
import { DerandomizedClassifier } from '../smoothed/derandomized-classifier.ts';
import type { SmoothedClassifier } from '../smoothed/smoothed-classifier.ts';
import { tensorOver } from '../tensors/own-tensor.ts';

/** What a run asks for, as far as its cost depends on it. @internal */
export interface RunSize {
  /** Images that are left. */
  readonly images: number;
  /** Most noisy copies of an image, both samples. */
  readonly copies: number;
  readonly workers: number;
  /** Shape of an image. */
  readonly shape: readonly number[];
  /** How the rule that may stop early is asked for; undefined for a fixed sample. */
  readonly rule: '--radius' | '--adaptive' | undefined;
}

/** Copies of the passes that are timed: the first shows how many the others may have. */
const FIRST_COPIES = 2;
const MOST_COPIES = 256;
/** About so long a pass may take, and all of them together at least. */
const PASS_MS = 1500;
const ALL_MS = 700;

/** Nothing is said of a run that takes less. */
const LONG_RUN_MS = 30_000;
/** With an image that takes less, nobody has to think of another rule. */
const LONG_IMAGE_MS = 5000;

/** Mean copies of an image that `plannedRadius` takes, over nine settings of the published logs (docs/results/adaptive.md). */
const PLANNED_COPIES = [600, 6300] as const;

/**
 * Milliseconds of a noisy copy of an image, noise and forward pass, in batches as the run has them. What is drawn for it is thrown away.
 *
 * Undefined where the run is short, or has so few copies that to time some would take a part of it.
 * @internal
 */
export async function timeCopies(
  g: SmoothedClassifier | DerandomizedClassifier,
  dataset: LabelledDataset,
  { index, size, signal }: { readonly index: number; readonly size: RunSize; readonly signal: AbortSignal },
): Promise<number | undefined> {
  const isShort = (perCopy: number): boolean => (perCopy * size.images * size.copies) / size.workers < LONG_RUN_MS;
  if (size.images * size.copies < 10 * MOST_COPIES) return undefined;
  const { x: values } = await dataset.example(index);
  const x = tensorOver(Float32Array.from(values), dataset.shape, 'float32');
  const run = {};
  const milliseconds = async (n: number): Promise<number> => {
    const begun = performance.now();
    if (g instanceof DerandomizedClassifier) {
      await g.counts(x, withContext({ signal }, { run }));
      return ((performance.now() - begun) * n) / g.noise.copies;
    }
    await g.sampleCounts(x, withContext({ key: createKey(0), n, signal }, { run }));
    return performance.now() - begun;
  };
  try {
    if (g instanceof DerandomizedClassifier) {
      const perCopy = await milliseconds(1); // of all copies of an image, which a certificate takes anyway
      return isShort(perCopy) ? undefined : perCopy;
    }
    await milliseconds(FIRST_COPIES); // makes ready what is made once
    let perCopy = (await milliseconds(FIRST_COPIES)) / FIRST_COPIES;
    for (let [time, copies] = [0, 0]; time < ALL_MS && !isShort(perCopy); perCopy = time / copies) {
      const n = Math.floor(Math.min(MOST_COPIES, size.copies, Math.max(FIRST_COPIES, PASS_MS / perCopy)));
      time += await milliseconds(n);
      copies += n;
    }
    return isShort(perCopy) ? undefined : perCopy;
  } finally {
    x.dispose();
  }
}

/** What a run will take, in one line for people. @internal */
export function estimateText(perCopy: number, { images, copies, workers, shape, rule }: RunSize): string {
  const image = perCopy * copies;
  const most = rule === undefined ? 'about' : 'at most about';
  const by = workers === 1 ? '' : ` by ${workers} workers`;
  const all = images === 1 ? [] : [`${most} ${aboutDuration((image * images) / workers)} for ${images} images${by}`];
  const parts = [
    `${shape.join('x')} at about ${aboutDuration(perCopy)} a copy: ${most} ${aboutDuration(image)} an image of ${copies} copies`,
    ...all,
  ];
  return `${parts.join(', ')}${hint(perCopy, { image, copies, rule })}`;
}

function hint(
  perCopy: number,
  { image, copies, rule }: { readonly image: number; readonly copies: number; readonly rule: RunSize['rule'] },
): string {
  if (rule === '--adaptive') return '; --adaptive stops before';
  const [fewest, most] = PLANNED_COPIES;
  if (image < LONG_IMAGE_MS || copies < 2 * most) return rule === undefined ? '' : '; --radius stops before';
  const range = `about ${aboutDuration(perCopy * fewest)} to ${aboutDuration(perCopy * most)}`;
  const would = rule === undefined ? '--radius would take' : '--radius mostly takes';
  return `; ${would} ${range} an image (${fewest} to ${most} copies on average)`;
}

const UNITS = [
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['days', 86_400_000],
] as const;

/** A time in two digits: `0.06 ms`, `60 ms`, `1.7 s`, `100 min`, `7.5 h`, `3.2 days`. @internal */
export function aboutDuration(milliseconds: number): string {
  // 100 min says more than 1.7 h.
  const least = { ms: 0, s: 1, min: 2, h: 2.5, days: 2 };
  const [unit, length] = UNITS.findLast(([name, ms]) => milliseconds >= least[name] * ms) ?? UNITS[0];
  return `${Number((milliseconds / length).toPrecision(2))} ${unit}`;
}
