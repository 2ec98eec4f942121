/**
 * Makes TensorFlow's own library the backend of TensorFlow.js: the fastest engine of Node.
 *
 * Importing this module loads, registers and sets nothing; calling {@link useNative} does.
 *
 * @module catrs/native
 */
export { useNative } from './use-native.ts';
export type { NativeEngine, UseNativeOptions } from './use-native.ts';
