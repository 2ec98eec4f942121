/** One row of the table of targets. */
export interface Target {
  readonly what: string;
  readonly target: number;
  /** Whether more or less is better. */
  readonly direction: 'at least' | 'at most';
  readonly unit: string;
}

const atLeast = (what: string, target: number, unit = 'times'): Target => ({
  what,
  target,
  unit,
  direction: 'at least',
});
const atMost = (what: string, target: number, unit: string): Target => ({ what, target, unit, direction: 'at most' });

/** The targets: ratios within one run on one machine. PyTorch is always its best way to use two cores. */
export const targets = {
  P1: atLeast('certify, LeNet, the best native engine with 2 workers, against PyTorch', 2),
  P1w: atLeast('the same in WebAssembly, 2 workers', 1),
  P2: atLeast('mean samples of a fixed n = 100 000 against those of a decision about one radius, the hardest row', 16),
  P2t: atLeast("time to decide a radius, native, against PyTorch's loop with n = 100 000, the hardest row", 30),
  P2tw: atLeast('the same in WebAssembly', 12),
  P3: atLeast('CAT-RS step, LeNet, native, 2 cores, against PyTorch', 1.7),
  P3d: atLeast('the same with all images attacked', 1.35),
  P3w: atLeast('CAT-RS step, LeNet, WebAssembly, 2 cores, against PyTorch', 1.1),
  P4: atMost('cost of certify over the bare forward passes, WASM, one thread, batch 256', 3, '%'),
  P5a: atLeast('normals a second on one core, against tf.randomNormal', 8),
  P5b: atLeast('normals a second on one core, against PyTorch on one core', 1.2),
  P6a: atMost('noise as a share of certify time on a GPU', 5, '%'),
  P6b: atLeast('certify on a GPU, against PyTorch CUDA on the same GPU', 0.5),
  P7a: atLeast('certify with 2 workers, against 1 worker, WASM', 1.9),
  P7b: atMost('peak memory with ten times the samples', 1.05, 'times'),
  P7c: atMost('more tensors after 1 000 steps of anything public', 0, 'tensors'),
  P8: atMost('first certified verdict for a digit in the browser, one WASM thread, after load', 0.3, 's'),
  P9: atLeast('a step of each other loss, WebAssembly, 2 cores, against PyTorch, the smallest ratio', 0.8),
  P10: atLeast('certify, ResNet-20 and ResNet-110, native, 2 cores, against PyTorch, the smaller ratio', 1.4),
  P10w: atLeast('the same in WebAssembly', 0.7),
  P11: atLeast('CAT-RS step, ResNet-20 and ResNet-110, native, 2 cores, against PyTorch, the smaller ratio', 1),
  P11w: atLeast('the same in WebAssembly', 0.5),
} as const satisfies Record<string, Target>;

/** Key of a target. */
export type TargetKey = keyof typeof targets;

/** All keys, in order. */
export const targetKeys = Object.keys(targets) as TargetKey[];

/** What a group measured for a target. */
export type Measured =
  | {
      readonly value: number;
      /** What the machine allows, in the unit of the value; absent where nobody knows. */
      readonly limit?: number;
      readonly limitBecause?: string;
      /** Conditions beside the value, all of which must hold. */
      readonly conditions?: Readonly<Record<string, boolean>>;
      readonly details?: unknown;
    }
  | { readonly value: null; readonly reason: string; readonly details?: unknown };

/** What one group measured. */
export interface GroupResult {
  readonly targets?: Partial<Record<TargetKey, Measured>>;
  /** Other figures, by name. */
  readonly figures?: Readonly<Record<string, unknown>>;
}

/** How a group is run. */
export interface BenchSettings {
  /** Tiny sizes: shows that the code runs, says nothing about speed. */
  readonly quick: boolean;
  /** At most so many rounds of each work; absent: as many as the group takes. */
  readonly rounds?: number;
}

/** How many rounds to make where `most` are wanted. */
export function roundsOf({ quick, rounds = Infinity }: BenchSettings, most: number): number {
  return quick ? 1 : Math.min(most, rounds);
}

/** A target with what was reached, as it is printed. */
export interface Reached extends Target {
  readonly value: number | null;
  readonly limit: number | null;
  readonly met: boolean | null;
  readonly limitBecause?: string;
  readonly reason?: string;
  readonly conditions?: Readonly<Record<string, boolean>>;
  readonly details?: unknown;
}

/** Puts a target and its measurement together. */
export function reached(key: TargetKey, measured: Measured): Reached {
  const target: Target = targets[key];
  if (measured.value === null) return { ...measured, limit: null, met: null, ...target };
  const better = target.direction === 'at least' ? measured.value >= target.target : measured.value <= target.target;
  const met = better && Object.values(measured.conditions ?? {}).every(Boolean);
  return { limit: null, ...measured, met, ...target };
}
