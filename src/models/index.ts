/**
 * Classifiers of the published experiments, their layers, and weights that come from PyTorch.
 *
 * @module catrs/models
 */
export { cifarResnet } from './cifar-resnet.ts';
export type { CifarResnetOptions } from './cifar-resnet.ts';
export { imagenetResnet } from './imagenet-resnet.ts';
export type { ImagenetResnetOptions } from './imagenet-resnet.ts';
export { lenet } from './lenet.ts';
export type { LenetOptions } from './lenet.ts';
export { loadTorchWeights } from './load-torch-weights.ts';
export type { LoadTorchWeightsOptions } from './load-torch-weights.ts';
export { imageStatistics, normalize } from './normalize.ts';
export type { ImageStatistics, NormalizeOptions } from './normalize.ts';
export { registerLayers } from './register-layers.ts';
export { torchBatchNormalization } from './torch-batch-normalization.ts';
export type { TorchBatchNormalizationOptions } from './torch-batch-normalization.ts';
export { torchWeights } from './torch-weights.ts';
export type { TorchStateDicts, TorchTensor, TorchTensors, TorchWeight } from './torch-weights.ts';
