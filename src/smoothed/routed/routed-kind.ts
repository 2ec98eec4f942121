import type { Certificate } from '../../certify/types.ts';
import { ruleOf } from '../../certify/rule-of.ts';
import { topClass } from '../../certify/vote-counts.ts';
import type { DeterministicNoise, Noise } from '../../noise/types.ts';
import * as fields from '../../options/fields.ts';
import { formOf } from '../../options/parse.ts';
import { split } from '../../random/key.ts';
import type { OutputDerivation, OutputKind } from '../outputs/output-kind.ts';
import { recordFields, taskField, wholeField, wholesField } from '../outputs/record-form.ts';
import { holdTo, isOfChosenClass, partFaults } from './part-faults.ts';
import { routedCertificate } from './routed-certificate.ts';
import { areOfSameScales } from './smoothed-parts.ts';
import type { RoutedCertificate } from './types.ts';

const isCertificate = (v: unknown): boolean => typeof v === 'object' && v !== null && !Array.isArray(v);

const form = formOf<RoutedCertificate>()({
  ...recordFields,
  task: taskField('routed'),
  label: fields.field<number>(
    'must be a class number or -1',
    (v) => v === -1 || fields.isInteger(v, 0, Number.MAX_SAFE_INTEGER),
  ),
  abstained: fields.boolean,
  radius: fields.field<number>('must be a number of at least 0', (v) => typeof v === 'number' && v >= 0),
  limitedBy: fields.oneOf('router', 'expert', 'both', 'none'),
  chosen: wholeField,
  selection: wholesField,
  n0: fields.sampleCount,
  router: fields.field<Certificate | null>('must be a certificate, or null', (v) => v === null || isCertificate(v)),
  expert: fields.field<Certificate>('must be a certificate', isCertificate),
});

/** Certificates of routers with experts. @internal */
export const routedKind: OutputKind<RoutedCertificate> = {
  parse: (call, certificate) => form.check(call, certificate),
  derive,
  settings: ['noise', 'domain', 'norm', 'alpha', 'n0'],
  options: ({ key, n0, alpha, norm, expert, router }): object => {
    const { n, checkEvery } = expert;
    const given = router === null ? {} : { routerN: router.n, routerRule: ruleOf(router.rule) };
    return { key, n0, n, alpha, norm, checkEvery, rule: ruleOf(expert.rule), ...given };
  },
  exampleOptions: ['rule', 'routerRule', 'routerN'],
};

function derive(
  stored: RoutedCertificate,
  noise: Noise,
  noises: readonly (Noise | DeterministicNoise)[] = [],
): OutputDerivation<RoutedCertificate> {
  const faults = faultsOf(stored);
  const known = [noise, ...noises];
  if (stored.router !== null) faults.push(...partFaults('router', stored.router, known));
  faults.push(...partFaults('expert', stored.expert, known));
  if (faults.length > 0) return { faults };
  const { key, selection, n0, router, expert, noise: record, domain, assumptions } = stored;
  if (key === null) throw new Error('a routed certificate has a key');
  const certificate = routedCertificate({
    ...{ key, selection, n0, router, expert },
    granted: { noise: record, domain, assumptions },
  });
  return { faults, certificate, radius: certificate.radius };
}

/** What cannot be true of the parts together. */
function faultsOf(stored: RoutedCertificate): string[] {
  const { key, selection, n0, chosen, router, expert } = stored;
  const faults: string[] = [];
  if (key === null) return ['key is null, but both parts draw by keys made of it'];
  const [routerKey, expertKey] = split(key);
  const hold = holdTo(faults);
  const votes = selection.reduce((sum, count) => sum + count, 0);
  if (selection.length < 2 || votes > n0)
    faults.push(`selection holds ${votes} votes for ${selection.length} experts, of n0 = ${n0}`);
  hold('chosen', chosen, topClass(selection));
  const parts = [
    ['expert', expert, expertKey],
    ...(router === null ? [] : [['router', router, routerKey] as const]),
  ] as const;
  for (const [name, part, partKey] of parts) {
    hold(`${name}: key`, part.key, partKey);
    for (const field of ['norm', 'dimension', 'domain', 'alpha'] as const)
      hold(`${name}: ${field}`, part[field], stored[field]);
    if (!isOfChosenClass(part))
      faults.push(`${name}: must be of one class, chosen by a sample of its own, with hard votes`);
  }
  if (router === null) {
    if (!expert.abstained) faults.push('router is null, but the expert did not abstain');
    return faults;
  }
  if (stored.norm === 'scaled' && !areOfSameScales([router.noise, expert.noise]))
    faults.push('norm is scaled, but router and expert measure changes in other scales');
  hold('router: countsSelection', router.countsSelection, selection);
  hold('router: n0', router.n0, n0);
  hold('router: cAHat', router.cAHat, chosen);
  hold('noise', stored.noise, router.noise);
  hold('assumptions', stored.assumptions, router.assumptions);
  return faults;
}
