import { ABSTAIN } from '../../certify/types.ts';
import { topClass } from '../../certify/vote-counts.ts';
import { CatrsError, OptionError, refusal } from '../../errors.ts';
import type { Noise } from '../../noise/types.ts';
import { noiseOf } from '../../noise/noise-of.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { grantedSettings, noiseAssumptions } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { isNoiseRecord, recordFields, taskField, wholeField } from '../outputs/record-form.ts';
import { cascadeCertificate, isAnswering, isGaussian, radiusOfStage } from './cascade-certificate.ts';
import type { CascadeCertificate, StageVotes } from './cascade-types.ts';
import { areOfSameScales } from './smoothed-parts.ts';

const isCounts = (v: unknown): boolean =>
  Array.isArray(v) && v.length >= 2 && v.every((count) => fields.isInteger(count, 0, Number.MAX_SAFE_INTEGER));
const isStage = (v: unknown): boolean => {
  if (typeof v !== 'object' || v === null) return false;
  const { noise, assumptions, selection, counts, radius } = v as Readonly<Record<string, unknown>>;
  return (
    isNoiseRecord(noise) &&
    Array.isArray(assumptions) &&
    assumptions.every((one) => typeof one === 'string') &&
    isCounts(selection) &&
    (counts === null || isCounts(counts)) &&
    (radius === null || typeof radius === 'number')
  );
};
const placeField = fields.field<number>(
  'must be a whole number of at least -1',
  (v) => v === -1 || fields.isInteger(v, 0, Number.MAX_SAFE_INTEGER),
);

const form = formOf<CascadeCertificate>()({
  ...recordFields,
  task: taskField('cascade'),
  label: placeField,
  abstained: fields.boolean,
  radius: fields.field<number>('must be a number of at least 0', (v) => typeof v === 'number' && v >= 0),
  limitedBy: placeField,
  stopAt: fields.field<number>('must be in [1/2, 1)', (v) => fields.isFiniteNumber(v) && v >= 0.5 && v < 1),
  numStages: wholeField,
  answering: placeField,
  n0: fields.sampleCount,
  n: fields.sampleCount,
  stages: fields.field<readonly StageVotes[]>(
    'must be a list of { noise, assumptions, selection, counts, radius }',
    (v) => Array.isArray(v) && v.length > 0 && v.every(isStage),
  ),
});

/** Certificates of cascades. @internal */
export const cascadeKind: OutputKind<CascadeCertificate> = {
  parse: (call, certificate) => form.check(call, certificate),
  derive,
  settings: ['noise', 'domain', 'norm', 'alpha', 'stopAt', 'numStages', 'n0', 'n'],
  options: ({ key, n0, n, alpha, norm }): object => ({ key, n0, n, alpha, norm }),
};

function derive(stored: CascadeCertificate): OutputDerivation<CascadeCertificate> {
  const { key, domain, norm, dimension, alpha, stopAt, numStages, n0, n } = stored;
  if (key === null) return { faults: ['key is null, but all stages draw by keys made of it'] };
  try {
    const faults = faultsOf(stored);
    if (faults.length > 0) return { faults };
    const stages = stored.stages.map((_, j) => derivedStage(stored, j));
    const certificate = cascadeCertificate({ key, domain, norm, dimension, alpha, stopAt, numStages, n0, n, stages });
    return { faults: [], certificate, radius: certificate.radius };
  } catch (error) {
    if (error instanceof CatrsError) return { faults: [`stages: ${error.message}`] };
    throw error;
  }
}

/** What follows from the votes of a stage: its radius, and what is taken for granted. */
function derivedStage(
  { stages, stopAt, alpha, n, norm, dimension, domain }: CascadeCertificate,
  j: number,
): StageVotes {
  const stage = stages[j] as StageVotes;
  const { counts, selection } = stage;
  const noise = noiseOf(stage.noise) as Noise;
  if (noise.domain !== domain || !noise.norms.includes(norm)) {
    const details = { call: 'verifyCertificate', field: 'norm', value: norm };
    throw refusal(OptionError, details, `must be one that ${noise.name} noise certifies in the domain ${domain}`);
  }
  const label = j === stages.length - 1 ? topClass(selection) : ABSTAIN;
  const radius = counts && radiusOfStage({ counts, label, noise, n, stopAt, alpha, norm, dimension });
  return { ...stage, assumptions: noiseAssumptions(noise, grantedSettings(stage)), radius };
}

/** What cannot be true of the stages together. */
function faultsOf(stored: CascadeCertificate): string[] {
  const { stages, numStages, n0, n, stopAt, norm } = stored;
  const faults: string[] = [];
  if (norm === 'scaled' && !areOfSameScales(stages.map(({ noise }) => noise)))
    faults.push('norm is scaled, but the stages measure changes in other scales');
  const answers = stages.map(({ selection }) => isAnswering(selection, { n0, stopAt }));
  const last = stages.length - 1;
  if (numStages < 2 || stages.length > numStages)
    faults.push(`stages are ${stages.length}, but there are ${numStages}, two or more`);
  if (answers.indexOf(true) !== -1 && answers.indexOf(true) !== last)
    faults.push(`stages go on after stage ${answers.indexOf(true)}, which answers`);
  if (answers[last] !== true && stages.length !== numStages)
    faults.push(`stages are ${stages.length}, but none answers, of ${numStages}`);
  const classes = stages[0]?.selection.length;
  // Quiet stages are drawn after the answering one, in their order, until one proves nothing.
  let goesOn = answers[last] === true;
  for (const j of [last, ...Array(last).keys()]) {
    const { noise, selection, counts } = stages[j] as StageVotes;
    if (!isGaussian(noise)) {
      faults.push(`stages[${j}]: noise must be gaussian or sound-gaussian`);
      return faults;
    }
    for (const [name, votes, most] of [['selection', selection, n0] as const, ['counts', counts, n] as const]) {
      const sum = votes?.reduce((total, count) => total + count, 0) ?? 0;
      if (sum > most || (votes !== null && votes.length !== classes))
        faults.push(`stages[${j}]: ${name} holds ${sum} votes for ${votes?.length} classes, of ${most} for ${classes}`);
    }
    if (faults.length > 0) return faults;
    if (goesOn !== (counts !== null))
      faults.push(`stages[${j}]: counts are ${goesOn ? 'missing' : 'there, though nothing was left to be proven'}`);
    goesOn &&= counts !== null && derivedStage(stored, j).radius !== 0;
  }
  return faults;
}
