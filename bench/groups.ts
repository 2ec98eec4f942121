import type { BenchSettings, GroupResult, TargetKey } from './targets.ts';

/** Benchmarks that share a process and its rounds. */
export interface Group {
  /** The targets that it measures. */
  readonly targets: readonly TargetKey[];
  readonly load: () => Promise<{ measure(settings: BenchSettings): Promise<GroupResult> }>;
}

/** All groups by name, in the order in which they run. */
export const groups: Readonly<Record<string, Group>> = {
  about: { targets: [], load: () => import('./groups/about.ts') },
  certify: { targets: ['P1', 'P1w', 'P7a'], load: () => import('./groups/certify.ts') },
  steps: { targets: ['P3', 'P3d', 'P3w', 'P9'], load: () => import('./groups/steps.ts') },
  resnets: { targets: ['P10', 'P10w'], load: () => import('./groups/resnets.ts') },
  'resnet-steps': { targets: ['P11', 'P11w'], load: () => import('./groups/resnet-steps.ts') },
  passes: { targets: [], load: () => import('./groups/passes.ts') },
  decide: { targets: ['P2t', 'P2tw'], load: () => import('./groups/decide.ts') },
  samples: { targets: ['P2'], load: () => import('./groups/samples.ts') },
  overhead: { targets: ['P4'], load: () => import('./groups/overhead.ts') },
  noise: { targets: ['P5a', 'P5b'], load: () => import('./groups/noise.ts') },
  scale: { targets: [], load: () => import('./groups/scale.ts') },
  imagenet: { targets: [], load: () => import('./groups/imagenet.ts') },
  gpu: { targets: ['P6a', 'P6b'], load: () => import('./groups/gpu.ts') },
  memory: { targets: ['P7b'], load: () => import('./groups/memory.ts') },
  tensors: { targets: ['P7c'], load: () => import('./groups/tensors.ts') },
  browser: { targets: ['P8'], load: () => import('./groups/browser.ts') },
  kernels: { targets: [], load: () => import('./groups/kernels.ts') },
  sweep: { targets: [], load: () => import('./groups/sweep.ts') },
};

/** The groups that `names` ask for, by their own names or by targets, and always what is compared; of no name, all. Throws for an unknown name. */
export function chooseGroups(names: readonly string[]): string[] {
  const all = Object.entries(groups);
  if (names.length === 0) return all.map(([name]) => name);
  const unknown = names.find((name) => !all.some((entry) => asks(name, entry)));
  if (unknown !== undefined) {
    const known = all.flatMap(([name, { targets }]) => [name, ...targets]);
    throw new RangeError(`no benchmark is called ${unknown}; there are ${known.join(', ')}`);
  }
  return all.filter((entry) => [...names, 'about'].some((name) => asks(name, entry))).map(([name]) => name);
}

function asks(name: string, [group, { targets }]: [string, Group]): boolean {
  return group === name.toLowerCase() || targets.some((key) => key.toLowerCase() === name.toLowerCase());
}
