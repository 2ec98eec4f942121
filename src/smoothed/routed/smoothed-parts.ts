import { OptionError, refusal } from '../../errors.ts';
import type { Noise, NoiseRecord } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { exampleKey } from '../../random/purposes.ts';
import type { Key, Norm } from '../../types.ts';
import type { SampleProgress } from '../call-options.ts';
import type { OutputRecord } from '../outputs/types.ts';
import type { SmoothedClassifier } from '../smoothed-classifier.ts';
import type { StreamExample, TimedOutput } from '../types.ts';

const isSmoothed = (v: unknown): boolean =>
  fields.hasMethods(v, ['certify', 'sampleCounts', 'predict']) && 'noise' in v;

/** A router. @internal */
export const routerField: fields.Field<SmoothedClassifier> = fields.field<SmoothedClassifier>(
  'must be a SmoothedClassifier: a choice that sees the input without noise may change with it, and certifies nothing',
  isSmoothed,
);

/** Two or more classifiers. @internal */
export const partsField: fields.Field<readonly SmoothedClassifier[]> = fields.field<readonly SmoothedClassifier[]>(
  'must be a list of at least two SmoothedClassifiers',
  (v) => Array.isArray(v) && v.length >= 2 && v.every(isSmoothed),
);

/** The parts of a classifier that is made of several: a router is none of those that answer. @internal */
export interface SmoothedParts {
  readonly router?: SmoothedClassifier | undefined;
  /** Those that answer, under the name `field` of the option. */
  readonly answering: readonly SmoothedClassifier[];
  readonly field: string;
}

/** Throws unless all parts take the same inputs, those that answer have the same classes, and a router has one class for each. @internal */
export function assertFittingParts(call: string, { router, answering, field }: SmoothedParts): void {
  const [first] = answering as readonly [SmoothedClassifier, ...SmoothedClassifier[]];
  const refuse = (name: string, value: unknown, must: string): OptionError =>
    refusal(OptionError, { call, field: name, value, got: String(value) }, must);
  if (router !== undefined && router.numClasses !== answering.length)
    throw refuse('router', router.numClasses, `must have a class for each of the ${answering.length} experts`);
  for (const one of [...(router === undefined ? [] : [router]), ...answering]) {
    if (one.noise.domain !== first.noise.domain)
      throw refuse(field, one.noise.domain, 'must all have noises of one domain');
    if (String(one.inputRange) !== String(first.inputRange))
      throw refuse(
        field,
        one.inputRange,
        `must have one input range${router === undefined ? '' : ', that of the router'}`,
      );
  }
  const other = answering.find(({ numClasses }) => numClasses !== first.numClasses);
  if (other !== undefined) throw refuse(field, other.numClasses, `must all have ${first.numClasses} classes`);
}

/** What runs the classifiers, with its version. @internal */
export function enginesOf(parts: readonly SmoothedClassifier[]): string | undefined {
  const engines = parts.map(({ engine }) => engine);
  return engines.includes(undefined) ? undefined : [...new Set(engines)].join(' + ');
}

/** Throws unless all noises certify the norm, and in the same scales where it is measured in them; `parts` names whose noises they are. @internal */
export function assertNormOfAll(
  call: string,
  { norm, noises, parts }: { readonly norm: Norm; readonly noises: readonly Noise[]; readonly parts: string },
): void {
  for (const { name, norms } of noises) {
    if (norms.includes(norm)) continue;
    const must = `must be one that ${name} noise certifies (${norms.join(', ')})`;
    throw refusal(OptionError, { call, field: 'norm', value: norm }, must);
  }
  if (norm !== 'scaled' || areOfSameScales(noises)) return;
  const way = "take norm 'l2', 'l1' or 'linf', or the same scales everywhere";
  const details = { call, field: 'norm', value: 'scaled', way };
  throw refusal(OptionError, details, `must be a length, as ${parts} measure changes in other scales`);
}

/** Whether all noises measure changes in the same scales: the least of radii in different ones says nothing. @internal */
export function areOfSameScales(noises: readonly NoiseRecord[]): boolean {
  const text = ({ name, parameters }: NoiseRecord): string => JSON.stringify([name, Object.entries(parameters).sort()]);
  return new Set(noises.map(text)).size <= 1;
}

/** What a run over examples takes of its settings. */
interface EachSettings {
  readonly key: Key;
  readonly onSamples?: ((progress: SampleProgress) => void) | undefined;
}

/** Certifies example after example, example i by the key `foldIn(key, i)`. @internal */
export async function* certifyEach<S extends EachSettings, C extends OutputRecord>(
  examples: AsyncIterable<StreamExample>,
  settings: S,
  certify: (example: StreamExample, settings: S) => Promise<C>,
): AsyncGenerator<TimedOutput<C>, void, undefined> {
  const { key, onSamples } = settings;
  for await (const example of examples) {
    const { index } = example;
    const begun = performance.now();
    const told = onSamples && ((progress: SampleProgress): void => onSamples({ ...progress, index }));
    const certificate = await certify(example, { ...settings, key: exampleKey(key, index), onSamples: told });
    yield { certificate, milliseconds: performance.now() - begun };
  }
}
