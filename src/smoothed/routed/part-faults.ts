import type { Certificate } from '../../certify/types.ts';
import { CatrsError } from '../../errors.ts';
import { noiseOf } from '../../noise/noise-of.ts';
import type { DeterministicNoise, Noise, NoiseRecord } from '../../noise/types.ts';
import { choosesFromVotes } from '../certify-one-sample.ts';
import { verifyVotes } from '../verify-votes.ts';

type AnyNoise = Noise | DeterministicNoise;

/** The noise of a record: the one of these that it names, or made from it. Throws where it is neither. @internal */
export function namedNoise(record: NoiseRecord, noises: readonly AnyNoise[]): AnyNoise {
  const text = ({ name, parameters }: NoiseRecord): string => JSON.stringify([name, Object.entries(parameters).sort()]);
  return noises.find((one) => text(one) === text(record)) ?? noiseOf(record);
}

/** What is wrong with the certificate of a part by itself. @internal */
export function partFaults(part: string, certificate: Certificate, noises: readonly AnyNoise[]): readonly string[] {
  try {
    const own = namedNoise(certificate.noise, noises);
    return verifyVotes(certificate, own, {}).faults.map((fault) => `${part}: ${fault}`);
  } catch (error) {
    if (error instanceof CatrsError) return [`${part}: ${error.message}`];
    throw error;
  }
}

/** Whether a certificate is of one class, which a sample of its own chose, with hard votes: what a minimum of radii at full alpha needs. @internal */
export function isOfChosenClass({ topK, n0, smoothing, rule }: Certificate): boolean {
  return topK === 1 && n0 > 0 && smoothing === 'hard' && !choosesFromVotes(rule);
}

/** Collects a fault wherever what a certificate says is not what follows. @internal */
export function holdTo(faults: string[]): (what: string, said: unknown, follows: unknown) => void {
  return (what, said, follows) => {
    if (JSON.stringify(said) === JSON.stringify(follows)) return;
    faults.push(`${what} is ${JSON.stringify(said)}, but ${JSON.stringify(follows)} follows`);
  };
}
