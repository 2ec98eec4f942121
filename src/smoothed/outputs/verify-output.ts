import { OptionError, refusal } from '../../errors.ts';
import type { DeterministicNoise, Noise } from '../../noise/types.ts';
import type { OutputKind } from './output-kind.ts';
import { outputKinds } from './output-kinds.ts';
import { differences } from './record-differences.ts';
import type { OutputRecord } from './types.ts';

/** What the certificates of a task are held against. Throws OptionError for an unknown task. @internal */
export function kindOfOutput<C extends OutputRecord>(call: string, certificate: C): OutputKind<C> {
  const { task } = certificate;
  const kind = Object.hasOwn(outputKinds, task) ? outputKinds[task] : undefined;
  if (kind !== undefined) return kind as unknown as OutputKind<C>;
  const names = Object.keys(outputKinds).join(', ');
  throw refusal(OptionError, { call, field: 'task', value: task }, `must be one of ${names}`);
}

/**
 * Derives the certificate of an output, whose form was checked, again from its own evidence: everything that it says must follow, to 1e-12.
 * @internal
 */
export function verifyOutput<C extends OutputRecord>(
  call: string,
  certificate: C,
  noise: Noise,
  noises: readonly (Noise | DeterministicNoise)[] = [],
): { readonly valid: boolean; readonly faults: readonly string[]; readonly radius: number } {
  const kind = kindOfOutput(call, certificate);
  const { faults, certificate: derived, radius = 0 } = kind.derive(certificate, noise, noises);
  const all = [...faults, ...(derived === undefined ? [] : differences(certificate, derived))];
  return { valid: all.length === 0, faults: all, radius: all.length === 0 || derived ? radius : 0 };
}
