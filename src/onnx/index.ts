/**
 * Classifiers in ONNX files: certified by onnxruntime, and written from layers models. Nothing here imports a runtime.
 *
 * @module catrs/onnx
 */
export { onnxClassifier } from './onnx-classifier.ts';
export type {
  OnnxClassifierOptions,
  OnnxLayout,
  OnnxSession,
  OnnxTensor,
  OnnxTensorConstructor,
} from './onnx-classifier.ts';
export { toOnnx } from './to-onnx.ts';
