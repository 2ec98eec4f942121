import * as tf from '@tensorflow/tfjs';

/** Expansion, channels, repetitions and first stride of the blocks of MobileNetV2 (Sandler et al., CVPR 2018, table 2). */
const BLOCKS = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** MobileNetV2 for images [size, size, 3] with random weights. */
export function mobileNet(size: number, classes: number): tf.LayersModel {
  let seed = 1;
  const initializer = (): ReturnType<typeof tf.initializers.heNormal> => tf.initializers.heNormal({ seed: seed++ });
  const then = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor =>
    layer.apply(x) as tf.SymbolicTensor;
  const normed = (x: tf.SymbolicTensor): tf.SymbolicTensor => then(tf.layers.batchNormalization(), x);
  const bent = (x: tf.SymbolicTensor): tf.SymbolicTensor => then(tf.layers.reLU({ maxValue: 6 }), normed(x));
  const convolved = (x: tf.SymbolicTensor, filters: number, kernelSize: number, strides = 1): tf.SymbolicTensor => {
    const shape = { filters, kernelSize, strides, padding: 'same', useBias: false } as const;
    return then(tf.layers.conv2d({ ...shape, kernelInitializer: initializer() }), x);
  };
  const input = tf.input({ shape: [size, size, 3] });
  let x = bent(convolved(input, 32, 3, 2));
  let channels = 32;
  for (const [expansion, out, repetitions, stride] of BLOCKS) {
    for (let i = 0; i < repetitions; i++) {
      const wide = expansion === 1 ? x : bent(convolved(x, expansion * channels, 1));
      const strides = i === 0 ? stride : 1;
      const shape = { kernelSize: 3, strides, padding: 'same', useBias: false } as const;
      const deep = bent(then(tf.layers.depthwiseConv2d({ ...shape, depthwiseInitializer: initializer() }), wide));
      const narrow = normed(convolved(deep, out, 1));
      x = i === 0 ? narrow : then(tf.layers.add(), [x, narrow]);
      channels = out;
    }
  }
  const pooled = then(tf.layers.globalAveragePooling2d({}), bent(convolved(x, 1280, 1)));
  const outputs = then(tf.layers.dense({ units: classes, kernelInitializer: initializer() }), pooled);
  return tf.model({ inputs: input, outputs });
}
