import { CliError } from '../io.ts';
import type { MethodName, MethodOptions, TrainOptions } from './train-options.ts';
import type { Fields } from './train-settings.ts';

/** Where an option of a method goes, and which methods have it. */
interface Place {
  readonly flag: string;
  readonly part: 'loss' | 'attack';
  readonly field: string;
  readonly methods: readonly MethodName[];
}

const PLACES: Readonly<Record<keyof MethodOptions, Place>> = {
  numNoise: {
    flag: '--num-noise',
    part: 'loss',
    field: 'numNoise',
    methods: ['gaussian', 'stability', 'smoothadv', 'macer', 'consistency', 'smoothmix', 'catrs'],
  },
  lambda: { flag: '--lambda', part: 'loss', field: 'lambda', methods: ['stability', 'macer', 'consistency', 'catrs'] },
  eta: { flag: '--eta', part: 'loss', field: 'eta', methods: ['consistency', 'smoothmix'] },
  epsilon: { flag: '--epsilon', part: 'attack', field: 'epsilon', methods: ['smoothadv', 'smoothmix', 'catrs'] },
  attackSteps: { flag: '--attack-steps', part: 'attack', field: 'steps', methods: ['smoothadv', 'smoothmix', 'catrs'] },
  stepSize: { flag: '--step-size', part: 'attack', field: 'stepSize', methods: ['smoothadv', 'smoothmix', 'catrs'] },
  mixStep: { flag: '--mix-step', part: 'attack', field: 'mixStep', methods: ['smoothmix'] },
  warmupEpochs: { flag: '--warmup-epochs', part: 'loss', field: 'warmupEpochs', methods: ['smoothadv', 'smoothmix'] },
  deferredEpochs: { flag: '--deferred-epochs', part: 'loss', field: 'deferredEpochs', methods: ['macer'] },
  confidenceMask: { flag: '--confidence-mask', part: 'loss', field: 'confidenceMask', methods: ['catrs'] },
};

const places = Object.entries(PLACES) as [keyof MethodOptions, Place][];

/** Throws CliError for an option that the method does not have. @internal */
export function checkMethodOptions(options: TrainOptions): void {
  const { method, softTargets } = options;
  const known = places.filter(([, { methods }]) => methods.includes(method)).map(([, { flag }]) => flag);
  for (const [name, { flag, methods }] of places) {
    if (options[name] === undefined || methods.includes(method)) continue;
    throw new CliError(`${flag} must be left out for --method ${method}, which has ${known.join(', ')}`);
  }
  if (softTargets === undefined || method === 'catrs') return;
  throw new CliError(`--soft-targets must be left out for --method ${method} (only catrs trains with them)`);
}

/** The options of loss and attack, with those of the command line in place of what they had. @internal */
export function methodFields(
  options: MethodOptions,
  { loss, attack }: { readonly loss: Fields; readonly attack: Fields | undefined },
): { readonly loss: Fields; readonly attack: Fields | undefined } {
  const of = (part: Place['part']): Fields => {
    const given = places.filter(([name, place]) => place.part === part && options[name] !== undefined);
    return Object.fromEntries(given.map(([name, { field }]) => [field, options[name] as number | boolean]));
  };
  const copies = options.numNoise !== undefined && attack?.['numNoise'] !== undefined;
  return {
    loss: { ...loss, ...of('loss') },
    attack: attack && { ...attack, ...of('attack'), ...(copies && { numNoise: options.numNoise as number }) },
  };
}
