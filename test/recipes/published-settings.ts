/**
 * The settings of the published training commands, written off from the authors' documents in their own units (lengths of attacks
 * in 1/256), independently of `src/recipes`:
 * - `smoothing-catrs`: alinlab/smoothing-catrs, EXPERIMENTS.MD (training commands, ImageNet command, smoothed predictions with
 *   --noise 0.25 and --N=10000), and the defaults of code/train_*.py (batch 256, MACER 64; momentum 0.9; weight decay 1e-4; drops by 0.1;
 *   η of Consistency 0.5)
 * - `smoothmix`: jh-jeong/smoothmix, EXPERIMENTS.MD (training commands for MNIST), and the same defaults in code/train*.py
 *
 * MNIST with CAT-RS has no command: λ, ε, T and M are in the name of the folder that the MNIST-C command certifies
 * (adv_256.0_4/lbd_1.0/num_4), epochs and rate in data/mnist/noise_0.5/log.txt.
 */
export interface PublishedRun {
  readonly dataset: 'cifar10' | 'cifar100' | 'mnist' | 'fmnist' | 'imagenet';
  readonly sigma: 0.25 | 0.5 | 1;
  readonly method: 'gaussian' | 'stability' | 'smoothadv' | 'macer' | 'consistency' | 'smoothmix' | 'catrs';
  /** --lbd. */
  readonly lbd?: number;
  /** --num-noise-vec; 1 where the method has no such option. */
  readonly copies?: number;
  /** --epsilon, in 1/256. */
  readonly epsilon256?: number;
  /** --num-steps. */
  readonly steps?: number;
  /** --alpha of SmoothMix. */
  readonly alpha?: number;
  /** --mix_step. */
  readonly mixStep?: number;
  /** --deferred: no λ before the first drop of the rate. */
  readonly deferred?: true;
}

const sigmas = [0.25, 0.5, 1] as const;
/** One row for each σ, with the values of a column. */
const over = <K extends keyof PublishedRun>(
  dataset: PublishedRun['dataset'],
  method: PublishedRun['method'],
  same: Partial<PublishedRun>,
  columns: Readonly<Record<K, readonly [PublishedRun[K], PublishedRun[K], PublishedRun[K]]>>,
): PublishedRun[] =>
  sigmas.map((sigma, row) => ({
    dataset,
    method,
    sigma,
    ...same,
    ...Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, (values as unknown[])[row]])),
  }));

export const publishedRuns: readonly PublishedRun[] = [
  // smoothing-catrs, CIFAR: ResNet-110, --lr 0.1 --lr_step_size 50 --epochs 150
  ...over('cifar10', 'gaussian', {}, {}),
  ...over('cifar10', 'stability', {}, { lbd: [2, 2, 1] }),
  ...over('cifar10', 'smoothadv', { steps: 10 }, { copies: [4, 8, 2], epsilon256: [256, 256, 512] }),
  ...over('cifar10', 'macer', { copies: 16 }, { lbd: [12, 6, 12], deferred: [undefined, undefined, true] }),
  ...over('cifar10', 'consistency', { copies: 2 }, { lbd: [20, 10, 10] }),
  ...over('cifar10', 'smoothmix', { copies: 2, steps: 4 }, { alpha: [0.5, 1, 2], mixStep: [0, 1, 1] }),
  ...over('cifar10', 'catrs', { copies: 4, steps: 4, epsilon256: 256 }, { lbd: [0.5, 1, 2] }),
  { dataset: 'cifar100', sigma: 0.25, method: 'gaussian' },
  // smoothmix, MNIST: LeNet, --lr 0.01 --lr_step_size 30 --epochs 90
  ...over('mnist', 'gaussian', {}, {}),
  ...over('mnist', 'stability', {}, { lbd: [2, 2, 2] }),
  ...over('mnist', 'smoothadv', { steps: 10, copies: 4, epsilon256: 255 }, {}),
  ...over('mnist', 'macer', { copies: 16, deferred: true }, { lbd: [16, 16, 6] }),
  ...over('mnist', 'consistency', { copies: 2 }, { lbd: [10, 5, 5] }),
  ...over('mnist', 'smoothmix', { copies: 4, alpha: 1, mixStep: 0 }, { steps: [2, 4, 8] }),
  { dataset: 'mnist', sigma: 0.25, method: 'catrs', copies: 4, steps: 4, epsilon256: 256, lbd: 1 },
  // smoothing-catrs: LeNet, --lr 0.01 --lr_step_size 50 --epochs 150
  { dataset: 'fmnist', sigma: 0.25, method: 'gaussian' },
  // smoothing-catrs: ResNet-50, --lr 0.1 --lr_step_size 30 --epochs 90
  { dataset: 'imagenet', sigma: 0.25, method: 'gaussian' },
  // ... --lr_drop 85 --warmup 80 --confidence_mask
  { dataset: 'imagenet', sigma: 1, method: 'catrs', copies: 2, steps: 1, epsilon256: 256, lbd: 2 },
];

/** Rate, epochs between two drops, epochs. */
export const publishedSchedules: Readonly<Record<string, readonly [number, number, number]>> = {
  cifar10: [0.1, 50, 150],
  cifar100: [0.1, 50, 150],
  mnist: [0.01, 30, 90],
  'mnist catrs': [0.01, 50, 150],
  fmnist: [0.01, 50, 150],
  imagenet: [0.1, 30, 90],
};

/** Means and standard deviations of the first layer: code/architectures.py and code/datasets.py of smoothing-catrs. */
export const publishedModels: Readonly<Record<PublishedRun['dataset'], object>> = {
  cifar10: {
    architecture: 'cifarResnet',
    depth: 110,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.201],
  },
  cifar100: {
    architecture: 'cifarResnet',
    depth: 110,
    mean: [0.5071, 0.4867, 0.4408],
    std: [0.2675, 0.2565, 0.2761],
  },
  mnist: { architecture: 'lenet' },
  fmnist: { architecture: 'lenet' },
  imagenet: { architecture: 'resnet50', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};
