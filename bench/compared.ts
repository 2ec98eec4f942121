import type { BestOfPeer, PeerWay, Rivals, SettingName } from './rivals.ts';
import { settings } from './rivals.ts';
import { alternate, type Work } from './rounds.ts';
import { median, pairedRatio, rates, type Rates, significant } from './statistics.ts';
import type { Measured } from './targets.ts';

/** Work that ours and PyTorch do in the same rounds. */
export interface Comparison {
  /** The ways of ours, those that are installed. */
  readonly ours: Readonly<Partial<Record<SettingName, Work>>>;
  /** Units of work of each of them. */
  readonly units: number;
  readonly peer: BestOfPeer | string;
  readonly rounds: number;
  /** Rounds before them. */
  readonly warmUp?: number;
}

/** What came out of it. */
export class Compared {
  readonly #units: number;
  readonly #peer: BestOfPeer | string;
  readonly #seconds: Readonly<Record<string, readonly number[]>>;

  private constructor(units: number, peer: BestOfPeer | string, seconds: Readonly<Record<string, readonly number[]>>) {
    this.#units = units;
    this.#peer = peer;
    this.#seconds = seconds;
  }

  /** Does all work in alternating rounds. */
  static async measure({ ours, units, peer, rounds, warmUp = 1 }: Comparison): Promise<Compared> {
    const works: Record<string, Work> = { ...(ours as Record<string, Work>) };
    if (typeof peer !== 'string') works['PyTorch'] = peer.run;
    return new Compared(units, peer, await alternate(works, { rounds, warmUp }));
  }

  /** Times as many units a second as PyTorch, paired by rounds. */
  ratio(name: SettingName): number | undefined {
    const [ours, theirs] = [this.#seconds[name], this.#seconds['PyTorch']];
    if (ours === undefined || theirs === undefined || typeof this.#peer === 'string') return undefined;
    return significant((pairedRatio(theirs, ours) * this.#units) / this.#peer.units);
  }

  /** The ratio of two ways of ours. */
  speedup(slow: SettingName, fast: SettingName): number {
    return significant(pairedRatio(this.#seconds[slow]!, this.#seconds[fast]!));
  }

  /** Seconds a unit of PyTorch, of the median round. */
  get peerSeconds(): number | undefined {
    return typeof this.#peer === 'string' ? undefined : median(this.#seconds['PyTorch']!) / this.#peer.units;
  }

  /** Seconds a unit of a way of ours, of the median round. */
  secondsOf(name: SettingName): number | undefined {
    const seconds = this.#seconds[name];
    return seconds && median(seconds) / this.#units;
  }

  /** The best of some ways of ours against PyTorch. */
  best(names: readonly SettingName[], rivals: Rivals): Measured {
    if (typeof this.#peer === 'string') return { value: null, reason: this.#peer };
    const ratios = names.flatMap((name) => {
      const ratio = this.ratio(name);
      return ratio === undefined ? [] : [{ name, ratio }];
    });
    const [first, ...others] = ratios;
    if (first === undefined) return { value: null, reason: names.map((name) => rivals.missing[name]).join('; ') };
    const best = others.reduce((a, b) => (b.ratio > a.ratio ? b : a), first);
    const against = Object.fromEntries(ratios.map(({ name, ratio }) => [settings[name].name, ratio]));
    return { value: best.ratio, details: { ours: settings[best.name].name, 'PyTorch by': this.#peer.name, against } };
  }

  /** Units a second of everything, by the names of the tables. */
  rates(): Record<string, Rates | BestOfPeer['tried']> {
    const own = Object.entries(this.#seconds).filter(([name]) => name !== 'PyTorch');
    const named = own.map(([name, seconds]) => [settings[name as SettingName].name, rates(this.#units, seconds)]);
    const table = Object.fromEntries(named) as Record<string, Rates>;
    if (typeof this.#peer === 'string') return table;
    const { name, units, tried } = this.#peer;
    return { ...table, [`PyTorch, ${name}`]: rates(units, this.#seconds['PyTorch']!), 'PyTorch, in the trial': tried };
  }
}

/** PyTorch's certify loop in all its ways: three batch sizes, two threads or two processes. */
export function certifyWays(
  on: string,
  samples: number,
  sigma: number,
  batches: readonly number[],
): Record<string, PeerWay> {
  const ways = batches.flatMap((batch) =>
    (['two threads', 'two processes'] as const).map((cores): [string, PeerWay] => {
      const processes = cores === 'two processes' ? 2 : 1;
      const count = Math.max(1, Math.round(samples / batch / processes));
      const work = { work: 'certify', on, sigma, batch, count };
      return [`batch ${batch}, ${cores}`, { cores, work, units: count * batch * processes }];
    }),
  );
  return Object.fromEntries(ways);
}

/** The smallest of several measurements; none where one of them is missing. */
export function smallest(measured: Readonly<Record<string, Measured>>): Measured {
  const entries = Object.entries(measured);
  const missing = entries.find(([, each]) => each.value === null)?.[1];
  if (missing !== undefined) return missing;
  const values = entries.map(([name, each]) => ({ name, value: each.value!, details: each.details }));
  const { name, value, details } = values.reduce((a, b) => (b.value < a.value ? b : a));
  const all = Object.fromEntries(values.map((each) => [each.name, each.value]));
  return { value, details: { of: name, all, ...(details as object) } };
}
