/**
 * Classifiers, denoisers, detectors and segmenters in ONNX files: run by onnxruntime or transformers.js, and written from layers models. Nothing here imports a runtime.
 *
 * @module catrs/onnx
 */
export { onnxClassifier } from './onnx-classifier.ts';
export type { OnnxClassifierOptions } from './onnx-classifier.ts';
export { onnxDenoiser } from './onnx-denoiser.ts';
export type { OnnxDenoiserOptions } from './onnx-denoiser.ts';
export { onnxRows } from './onnx-rows.ts';
export type { OnnxRowsOptions } from './onnx-rows.ts';
export type {
  OnnxLayout,
  OnnxSession,
  OnnxSessionOptions,
  OnnxTensor,
  OnnxTensorConstructor,
  OnnxValueMetadata,
} from './onnx-session.ts';
export { onnxSegmenter } from './onnx-segmenter.ts';
export type { OnnxSegmenterOptions } from './onnx-segmenter.ts';
export { onnxDetector } from './onnx-detector.ts';
export type { OnnxDetectorOptions } from './onnx-detector.ts';
export { toOnnx } from './to-onnx.ts';
export { transformersClassifier } from './transformers-classifier.ts';
export type {
  PreparedImage,
  TransformersClassifier,
  TransformersClassifierOptions,
  TransformersLogits,
  TransformersModel,
  TransformersPixels,
  TransformersProcessor,
  TransformersTensor,
  TransformersTensorConstructor,
  WithImageProcessor,
} from './transformers-classifier.ts';
