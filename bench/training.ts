import type { PublishedMethod } from 'catrs/recipes';
import { Compared } from './compared.ts';
import { twinOptions } from './methods.ts';
import type { StepWork } from './ours/setting.ts';
import type { PeerWay, Rivals, SettingName } from './rivals.ts';
import { median } from './statistics.ts';
import { type NetworkName, SIGMA } from './subjects.ts';

/** So small that the networks stay as they were, and with them what a step has to do. */
const RATE = 1e-5;

/** Which steps are compared. */
export interface StepComparison {
  readonly network: NetworkName;
  readonly method: PublishedMethod;
  readonly batch: number;
  readonly names: readonly SettingName[];
  /** Whether ours attacks all images. */
  readonly dense: boolean;
  readonly rounds: number;
  readonly trials: number;
}

const stepOf = ({ network, method, batch, dense }: StepComparison): StepWork => ({
  work: 'step',
  network,
  method,
  batch,
  dense,
  rate: RATE,
});

/** Steps of ours against the same steps of PyTorch with two threads, or with two processes that average their gradients. */
export async function compareSteps(rivals: Rivals, comparison: StepComparison): Promise<Compared> {
  const { network, method, batch, names, rounds, trials } = comparison;
  const options = twinOptions(method);
  const way = (cores: PeerWay['cores'], share: number): PeerWay => ({
    cores,
    units: batch,
    work: { work: 'step', on: network, method, options, sigma: SIGMA, batch: share, count: 1, rate: RATE },
  });
  const ways = { 'two threads': way('two threads', batch), 'two processes': way('two processes', batch / 2) };
  const peer = await rivals.bestOfPeer(ways, trials);
  const work = stepOf(comparison);
  const ours = Object.fromEntries(
    names.filter((name) => rivals.has(name)).map((name) => [name, rivals.ours(name, work)]),
  );
  return Compared.measure({ ours, units: batch, peer, rounds });
}

/** The share of images with K = M in a few steps of CAT-RS. */
export async function shareOfMasked(rivals: Rivals, comparison: StepComparison): Promise<number | undefined> {
  const [name] = comparison.names.filter((each) => rivals.has(each));
  const process = name && rivals.process(name);
  if (process === undefined) return undefined;
  const shares: number[] = [];
  for (let i = 0; i < comparison.rounds; i++) shares.push((await process.ask(stepOf(comparison))).mean ?? NaN);
  return median(shares);
}
