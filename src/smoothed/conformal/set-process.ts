import { refusal, TensorError } from '../../errors.ts';
import { freshSecretKey } from '../../random/fresh-secret-key.ts';
import { conformalKeys } from '../../random/purposes.ts';
import type { OutputExample, OutputFamily, OutputRunSettings } from '../outputs/output-runs.ts';
import { PhasedProcess, type SamplePhases } from '../outputs/phased-process.ts';
import { type ValuesPiece, valuesReader } from '../outputs/read-values.ts';
import { DrawnRows } from './calibration.ts';
import type { ScoredModel } from './scored-model.ts';
import { type ConformalCertificate, setCertificate, type SetEvidence, type SetSettings } from './set-certificate.ts';

/** How sets are drawn. @internal */
export interface SetRunSettings extends OutputRunSettings {
  /** Whether every set has a fresh secret key, and none of the run's. */
  readonly secret: boolean;
  readonly checkEvery: number;
}

/** How the sets of examples are made. @internal */
export function setFamily(
  scored: ScoredModel,
  settings: SetSettings,
): OutputFamily<SetRunSettings, ValuesPiece, ConformalCertificate, unknown> {
  const n = settings.draws?.prediction ?? 1;
  return {
    reader: valuesReader,
    process: (example, run) => {
      assertDimension(example, settings);
      return new PhasedProcess(setOf(scored, { ...settings, inferenceForm: example.inferenceForm }, example, run));
    },
    most: () => n,
    rowsOfExample: ({ checkEvery }) => Math.min(n, checkEvery),
  };
}

/** Throws TensorError for an input of another size than those of the calibration: it would be no example of the same kind. */
function assertDimension({ dimension }: OutputExample, { dimension: calibrated }: SetSettings): void {
  if (dimension === calibrated) return;
  const details = { call: 'RobustSets', field: 'x', value: dimension, got: `${dimension} values` };
  throw refusal(TensorError, details, `must have ${calibrated} values, as the examples of the calibration`);
}

function* setOf(
  scored: ScoredModel,
  settings: SetSettings,
  { key: derived }: OutputExample,
  { secret, checkEvery }: SetRunSettings,
): SamplePhases<ValuesPiece, ConformalCertificate, unknown> {
  // Drawn here and kept nowhere: not even two sets of one run hang together.
  const key = secret ? freshSecretKey() : derived;
  const keys = conformalKeys(key, 'set');
  const rows = new DrawnRows(scored, keys.uniforms);
  const { threshold, draws } = settings;
  const n = draws?.prediction ?? 1;
  let failures = 0;
  let nUsed = 0;
  let last = scored.unseen;
  const counts = scored.unseen.map(() => 0);
  const take = (piece: ValuesPiece): void => {
    for (const seen of rows.read(piece)) {
      nUsed++;
      if (seen === undefined) failures++;
      last = seen ?? scored.unseen;
      // Not `score <= threshold`: NaN counts for its label.
      last.forEach((score, label) => (counts[label] = (counts[label] as number) + (score > threshold ? 0 : 1)));
    }
  };
  const least = draws?.leastCount ?? 0;
  const isDecided = (used: number): boolean => counts.every((count) => count >= least || count + n - used < least);
  yield {
    key: keys.noise,
    n,
    every: Math.min(n, checkEvery),
    ask: undefined,
    take,
    isEnough: draws ? isDecided : undefined,
  };
  return setCertificate(settings, {
    key: secret ? null : key,
    nUsed,
    checkEvery: draws === null ? 1 : checkEvery,
    failures,
    evidence: evidenceOf(),
  });

  function evidenceOf(): SetEvidence {
    if (draws !== null) return { counts };
    return scored.labelScore === undefined ? { output: last } : { scores: last };
  }
}
