import { ruleOf } from '../../certify/rule-of.ts';
import type { Certificate, RuleRecord } from '../../certify/types.ts';
import { CatrsError, OptionError, refusal } from '../../errors.ts';
import type { DeterministicNoise, Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { split } from '../../random/key.ts';
import { grantedSettings, noiseAssumptions } from '../certificates.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { isNoiseRecord, recordFields, taskField, wholeField } from '../outputs/record-form.ts';
import { agreedCertificate, candidateRadius, candidatesOf, isCutShort } from './agreed-certificate.ts';
import { agreedRadius } from './agreed-radius.ts';
import type { AgreedCertificate, CandidateVotes } from './agreed-types.ts';
import { holdTo, isOfChosenClass, namedNoise, partFaults } from './part-faults.ts';
import { areOfSameScales } from './smoothed-parts.ts';

type Loose = Readonly<Record<string, unknown>>;

const isObject = (v: unknown): v is Loose => typeof v === 'object' && v !== null && !Array.isArray(v);
const isCounts = (v: unknown): boolean =>
  Array.isArray(v) && v.every((count) => fields.isInteger(count, 0, Number.MAX_SAFE_INTEGER));
const isVotes = (v: unknown): boolean =>
  isObject(v) &&
  isNoiseRecord(v.noise) &&
  Array.isArray(v.assumptions) &&
  v.assumptions.every((one) => typeof one === 'string') &&
  isCounts(v.selection) &&
  isCounts(v.candidates) &&
  fields.isInteger(v.n, 1, fields.MAX_SAMPLES) &&
  (v.counts === null || isCounts(v.counts)) &&
  (v.radius === null || typeof v.radius === 'number');

const form = formOf<AgreedCertificate>()({
  ...recordFields,
  task: taskField('agreed'),
  label: fields.field<number>(
    'must be a class number or -1',
    (v) => v === -1 || fields.isInteger(v, 0, Number.MAX_SAFE_INTEGER),
  ),
  abstained: fields.boolean,
  radius: fields.field<number>('must be a number of at least 0', (v) => typeof v === 'number' && v >= 0),
  limitedBy: fields.oneOf('router', 'experts', 'both', 'none'),
  numExperts: wholeField,
  numCandidates: wholeField,
  n0: fields.sampleCount,
  router: fields.field<CandidateVotes | null>(
    'must be { noise, assumptions, selection, candidates, n, counts, radius }, or null',
    (v) => v === null || isVotes(v),
  ),
  experts: fields.field<readonly Certificate[]>(
    'must be a list of at least one certificate',
    (v) => Array.isArray(v) && v.length > 0 && v.every(isObject),
  ),
});

/** Certificates of experts that agree. @internal */
export const agreedKind: OutputKind<AgreedCertificate> = {
  parse: (call, certificate) => form.check(call, certificate),
  derive,
  settings: ['noise', 'domain', 'norm', 'alpha', 'n0', 'numExperts', 'numCandidates'],
  options: ({ key, n0, alpha, norm, experts, router }): object => {
    const { n, checkEvery, rule } = experts[0] as Certificate;
    const given = router === null ? {} : { routerN: router.n };
    return { key, n0, n, alpha, norm, checkEvery, rule: ruleOf(sharedRule(rule)), ...given };
  },
  exampleOptions: ['rule'],
};

/** A rule without the boundaries that it derived for the noise of one expert. */
function sharedRule({ name, parameters }: RuleRecord): RuleRecord {
  const { plans, ...shared } = parameters;
  return plans === undefined ? { name, parameters } : { name, parameters: shared };
}

function derive(
  stored: AgreedCertificate,
  noise: Noise,
  noises: readonly (Noise | DeterministicNoise)[] = [],
): OutputDerivation<AgreedCertificate> {
  const { key, numExperts, experts } = stored;
  if (key === null) return { faults: ['key is null, but all parts draw by keys made of it'] };
  if (numExperts < 2) return { faults: [`numExperts is ${numExperts}, but there are two or more`] };
  const known = [noise, ...noises];
  const faults = [...routerFaults(stored), ...expertFaults({ ...stored, key })];
  experts.forEach((expert, i) => faults.push(...partFaults(`experts[${i}]`, expert, known)));
  if (faults.length > 0) return { faults };
  try {
    const router = stored.router && derivedVotes(stored, stored.router, known);
    const certificate = agreedCertificate({ key, numExperts, router, experts });
    return { faults, certificate, radius: certificate.radius };
  } catch (error) {
    if (error instanceof CatrsError) return { faults: [`router: ${error.message}`] };
    throw error;
  }
}

/** What follows from the votes of the router: its radius, and what is taken for granted. */
function derivedVotes(
  { alpha, norm, dimension, domain }: AgreedCertificate,
  votes: CandidateVotes,
  known: readonly (Noise | DeterministicNoise)[],
): CandidateVotes {
  const { counts, candidates, n, noise: record } = votes;
  const noise = namedNoise(record, known) as Noise;
  if (noise.domain !== domain || !noise.norms.includes(norm)) {
    const details = { call: 'verifyCertificate', field: 'norm', value: norm };
    throw refusal(OptionError, details, `must be one that ${noise.name} noise certifies in the domain ${domain}`);
  }
  const assumptions = noiseAssumptions(noise, grantedSettings(votes));
  const radius = counts && candidateRadius({ counts, candidates, n, alpha, noise, norm, dimension });
  return { ...votes, assumptions, radius };
}

/** What cannot be true of the votes of the router. */
function routerFaults({ router, numExperts, numCandidates, n0, experts }: AgreedCertificate): string[] {
  const faults: string[] = [];
  const hold = holdTo(faults);
  if (router === null) {
    hold('numCandidates', numCandidates, numExperts);
    return faults;
  }
  const { selection, candidates, counts, n } = router;
  const samples = [['selection', selection, n0] as const, ...(counts === null ? [] : [['counts', counts, n] as const])];
  for (const [name, votes, most] of samples) {
    const sum = votes.reduce((total, count) => total + count, 0);
    if (votes.length === numExperts && sum <= most) continue;
    faults.push(`router: ${name} holds ${sum} votes for ${votes.length} experts, of ${most} for ${numExperts}`);
  }
  if (numCandidates < 1 || numCandidates >= numExperts)
    faults.push(`numCandidates is ${numCandidates}, of ${numExperts} experts of a router`);
  hold('router: candidates', candidates, candidatesOf(selection, numCandidates));
  const agree = !isCutShort(experts, numCandidates) && agreedRadius(experts).radius > 0;
  if (agree !== (counts !== null))
    faults.push(
      `router: counts are ${counts === null ? 'null' : 'there'}, but the experts ${agree ? '' : 'do not '}agree`,
    );
  return faults;
}

/** What cannot be true of the certificates of the experts together. */
function expertFaults(stored: AgreedCertificate & { readonly key: Parameters<typeof split>[0] }): string[] {
  const { key, router, experts, numExperts, numCandidates } = stored;
  const faults: string[] = [];
  const hold = holdTo(faults);
  const [first] = experts as readonly [Certificate, ...Certificate[]];
  const candidates = router?.candidates ?? Array.from({ length: numExperts }, (_, k) => k);
  const keys = split(key, numExperts) as readonly unknown[];
  if (experts.length > numCandidates) faults.push(`experts are ${experts.length}, but ${numCandidates} have to agree`);
  for (const [i, expert] of experts.entries()) {
    const name = `experts[${i}]`;
    hold(`${name}: key`, expert.key, keys[candidates[i] ?? -1]);
    for (const field of ['norm', 'dimension', 'domain', 'alpha', 'n0'] as const)
      hold(`${name}: ${field}`, expert[field], stored[field]);
    for (const field of ['n', 'checkEvery'] as const) hold(`${name}: ${field}`, expert[field], first[field]);
    hold(`${name}: rule`, sharedRule(expert.rule), sharedRule(first.rule));
    if (!isOfChosenClass(expert))
      faults.push(`${name}: must be of one class, chosen by a sample of its own, with hard votes`);
    const goesOn = i < experts.length - 1;
    const agrees = !expert.abstained && expert.label === first.label;
    if (goesOn && !agrees) faults.push(`${name}: does not agree, but more were asked`);
    if (!goesOn && agrees && isCutShort(experts, numCandidates))
      faults.push(`experts are ${experts.length}, but ${numCandidates} have to agree`);
  }
  const noises = [...(router === null ? [] : [router.noise]), ...experts.map(({ noise }) => noise)];
  if (stored.norm === 'scaled' && !areOfSameScales(noises))
    faults.push('norm is scaled, but the parts measure changes in other scales');
  return faults;
}
