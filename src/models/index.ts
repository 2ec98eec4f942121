/**
 * Classifiers of the published experiments, their layers, and weights that come from PyTorch.
 *
 * @module catrs/models
 */
export { cifarResnet } from './cifar-resnet.ts';
export type { CifarResnetOptions } from './cifar-resnet.ts';
export { imageStatistics } from './normalize.ts';
export type { ImageStatistics } from './normalize.ts';
export { lenet } from './lenet.ts';
export type { LenetOptions } from './lenet.ts';
export { loadTorchWeights } from './load-torch-weights.ts';
export type { LoadTorchWeightsOptions } from './load-torch-weights.ts';
export { normalize } from './normalize.ts';
export type { NormalizeOptions } from './normalize.ts';
export { registerLayers } from './layers.ts';
export { torchBatchNormalization } from './torch-batch-normalization.ts';
export type { TorchBatchNormalizationOptions } from './torch-batch-normalization.ts';
export type { TorchTensor, TorchTensors } from './torch-weights.ts';
export { torchWeights } from './torch-weights.ts';
export type { TorchWeight } from './torch-weights.ts';
