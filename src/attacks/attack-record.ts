import { GreedyEditAttack } from './greedy-edit-attack.ts';
import { GreedyPixelAttack } from './greedy-pixel-attack.ts';
import { GreedyTokenAttack } from './greedy-token-attack.ts';
import { GreedyFlipAttack } from './greedy-flip-attack.ts';
import { PatchAttack } from './patch-attack.ts';
import { SmoothedDdn } from './smoothed-ddn.ts';
import { SmoothedPgd } from './smoothed-pgd.ts';
import type { InputAttack } from './types.ts';

/** An attack as data, to be made again in a thread. @internal */
export type AttackRecord =
  | { readonly name: 'GreedyEditAttack'; readonly options: ConstructorParameters<typeof GreedyEditAttack>[0] }
  | { readonly name: 'GreedyFlipAttack'; readonly options: ConstructorParameters<typeof GreedyFlipAttack>[0] }
  | { readonly name: 'SmoothedPgd'; readonly options: ConstructorParameters<typeof SmoothedPgd>[0] }
  | { readonly name: 'SmoothedDdn'; readonly options: ConstructorParameters<typeof SmoothedDdn>[0] }
  | { readonly name: 'PatchAttack'; readonly options: ConstructorParameters<typeof PatchAttack>[0] }
  | { readonly name: 'GreedyPixelAttack'; readonly options: ConstructorParameters<typeof GreedyPixelAttack>[0] }
  | { readonly name: 'GreedyTokenAttack'; readonly options: ConstructorParameters<typeof GreedyTokenAttack>[0] };

/**
 * The record of an attack; undefined for one that is not of catrs, or that has a noise of its own, which cannot be sent. A subclass is not of
 * catrs: made again it would be another attack.
 * @internal
 */
export function attackRecord(attack: InputAttack): AttackRecord | undefined {
  if (isOf(attack, SmoothedPgd) && attack.noise === undefined) {
    const { epsilon, steps, numNoise, stepSize, norm, gradientFree, order, inputRange } = attack;
    const options = { epsilon, steps, numNoise, stepSize, norm, gradientFree, order, inputRange };
    return { name: 'SmoothedPgd', options };
  }
  if (isOf(attack, SmoothedDdn) && attack.noise === undefined) {
    const { epsilon, steps, numNoise, initialNorm, gamma, levels, inputRange } = attack;
    return { name: 'SmoothedDdn', options: { epsilon, steps, numNoise, initialNorm, gamma, levels, inputRange } };
  }
  if (isOf(attack, GreedyEditAttack)) {
    const { epsilon, tokens, trials, numNoise } = attack;
    return { name: 'GreedyEditAttack', options: { epsilon, tokens, trials, numNoise } };
  }
  if (isOf(attack, GreedyFlipAttack)) {
    const { changes, added, deleted, trials, numNoise, gradientFree } = attack;
    return { name: 'GreedyFlipAttack', options: { changes, added, deleted, trials, numNoise, gradientFree } };
  }
  if (isOf(attack, PatchAttack)) {
    const { side, places, steps, gradientFree, numNoise, batchSize, inputRange } = attack;
    return { name: 'PatchAttack', options: { side, places, steps, gradientFree, numNoise, batchSize, inputRange } };
  }
  if (isOf(attack, GreedyPixelAttack)) {
    const { pixels, positions, trials, numNoise, gradientFree, inputRange } = attack;
    return { name: 'GreedyPixelAttack', options: { pixels, positions, trials, numNoise, gradientFree, inputRange } };
  }
  if (isOf(attack, GreedyTokenAttack)) {
    const { tokens, candidates, trials, numNoise } = attack;
    return { name: 'GreedyTokenAttack', options: { tokens, candidates, trials, numNoise } };
  }
  return undefined;
}

function isOf<A extends InputAttack>(attack: InputAttack, kind: { readonly prototype: A }): attack is A {
  return Object.getPrototypeOf(attack) === kind.prototype && attack.perturb === kind.prototype.perturb;
}

/** The attack of a record. @internal */
export function attackOf(record: AttackRecord): InputAttack {
  switch (record.name) {
    case 'PatchAttack':
      return new PatchAttack(record.options);
    case 'GreedyEditAttack':
      return new GreedyEditAttack(record.options);
    case 'SmoothedPgd':
      return new SmoothedPgd(record.options);
    case 'SmoothedDdn':
      return new SmoothedDdn(record.options);
    case 'GreedyFlipAttack':
      return new GreedyFlipAttack(record.options);
    case 'GreedyPixelAttack':
      return new GreedyPixelAttack(record.options);
    case 'GreedyTokenAttack':
      return new GreedyTokenAttack(record.options);
  }
}
