/** Mean and standard deviation of each channel of a data set, for images in [0, 1]. */
export interface ImageStatistics {
  /** Mean of each channel. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel. */
  readonly std: readonly number[];
}

/**
 * The channel statistics with which the published CIFAR and ImageNet classifiers normalise, for RGB images in [0, 1].
 *
 * The experiments on MNIST and Fashion-MNIST do not normalise. The standard deviations for CIFAR-10 are a custom of the field:
 * means over images of the deviation within an image. A published model needs the numbers it was trained with.
 *
 * @example
 * ```ts
 * const model = cifarResnet({ key, depth: 20, ...imageStatistics.cifar10 });
 * ```
 * @see `code/datasets.py` of https://github.com/alinlab/smoothing-catrs
 */
export const imageStatistics: Readonly<Record<'cifar10' | 'cifar100' | 'imagenet', ImageStatistics>> = {
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  cifar100: { mean: [0.5071, 0.4867, 0.4408], std: [0.2675, 0.2565, 0.2761] },
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};
