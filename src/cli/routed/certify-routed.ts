import type { CertificationRule } from '../../certify/rule.ts';
import { createKey } from '../../random/key.ts';
import { certifyOptions } from '../../smoothed/call-options.ts';
import { RoutedClassifier } from '../../smoothed/routed/routed-classifier.ts';
import type { SmoothedClassifier } from '../../smoothed/smoothed-classifier.ts';
import { isThere } from '../begun-log-file.ts';
import type { CertifySettings } from '../commands/certify.ts';
import type { CliIo } from '../io.ts';
import { type OpenedRun, openRun } from '../open-run.ts';
import { earlierRun, reportOutputs } from '../outputs/certify-outputs.ts';
import { outputsIntoLog } from '../outputs/outputs-into-log.ts';
import { ruleFor } from '../rule-of-run.ts';
import { expertsOf } from './check-routed-options.ts';

/** Certifies a router with its experts over a data set, into a log of JSON lines. @internal */
export async function certifyRouted(settings: CertifySettings, io: CliIo): Promise<void> {
  const [first, ...others] = expertsOf(settings);
  if (first === undefined) throw new Error('there are two experts at least');
  const isNew = !(await isThere(settings));
  const { out, json, seed = 0, n, alpha, n0 = certifyOptions.defaults.n0 } = settings;
  // Both parts need a selection sample, also where one radius is planned.
  const { rule, checkEvery } = ruleFor({ ...settings, n0 });
  const earlier = isNew ? undefined : await earlierRun(out);
  const runs: OpenedRun[] = [];
  try {
    // The first one opens the data and finds what runs all of them.
    const run = await openRun({ ...settings, ...first }, io, { earlier });
    runs.push(run);
    const { data } = run;
    const { runtime, engine } = run.opened;
    for (const one of [...others, {}]) {
      runs.push(await openRun({ ...settings, ...one, backend: runtime }, io, { earlier, data }));
    }
    const experts = runs.map((opened) => opened.sampled());
    const router = experts.pop() as SmoothedClassifier;
    const g = new RoutedClassifier({ router, experts });
    const rules = { rule, routerRule: routerRule(settings, rule), ...(checkEvery !== undefined && { checkEvery }) };
    const options = { key: createKey(seed), n, n0, alpha, ...rules };
    const summary = await outputsIntoLog(g, data.dataset, options, { settings, isNew, io, what: 'image' });
    await reportOutputs(summary, { task: g.task, json, inputRange: settings.inputRange, runtime, engine }, io);
  } finally {
    for (const run of runs) await run.close();
  }
}

/** Where radii are asked for, the router has to prove the same; else what the expert proved. */
function routerRule(
  { radius }: Pick<CertifySettings, 'radius'>,
  rule: CertificationRule | undefined,
): CertificationRule | undefined {
  return radius === undefined ? undefined : rule;
}
