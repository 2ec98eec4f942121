import * as tf from '@tensorflow/tfjs';

/** Seconds of the current backend for a product of two square matrices: what its convolutions cannot beat by much. */
export async function matMulSeconds(size: number): Promise<number> {
  const [a, b] = [tf.ones([size, size]), tf.ones([size, size])];
  const begin = performance.now();
  const product = tf.matMul(a, b);
  await product.data();
  const seconds = (performance.now() - begin) / 1000;
  tf.dispose([a, b, product]);
  return seconds;
}

/** 10⁹ operations a second of such a product. */
export function matMulGflops(size: number, seconds: number): number {
  return (2 * size ** 3) / seconds / 1e9;
}
