import * as tf from '@tensorflow/tfjs';

const float = { type: 'DT_FLOAT' };
const int = { type: 'DT_INT32' };

/** A constant of a graph. */
interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly values: readonly number[];
}

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: object;
}

async function load(
  nodes: readonly Node[],
  constants: readonly Constant[],
  signature?: object,
): Promise<tf.GraphModel> {
  const consts = constants.map(({ name, dtype }) => ({
    name,
    op: 'Const',
    attr: { dtype: dtype === 'int32' ? int : float },
  }));
  const weightSpecs = constants.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  const bytes = constants.map(({ dtype, values }) => {
    const array = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    return new Uint8Array(array.buffer);
  });
  const weightData = Uint8Array.from(bytes.flatMap((part) => [...part])).buffer;
  const modelTopology = { node: [...consts, ...nodes], versions: { producer: 1 } };
  return tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData, signature } as never));
}

const integers = (name: string, ...values: number[]): Constant => ({
  name,
  shape: [values.length],
  dtype: 'int32',
  values,
});

/**
 * A graph model whose input [B, K · 6] says what it finds: K boxes with four corners, a score and a label each.
 *
 * @param names - what its outputs boxes [B, K, 4], scores [B, K] and labels [B, K] are called
 * @param bytes - it takes int32, as a model of images of bytes does
 * @param signature - names by which the outputs are known besides
 */
export async function loadBoxesGraph(
  k: number,
  names: readonly [boxes: string, scores: string, labels: string],
  { bytes = false, signature }: { readonly bytes?: boolean; readonly signature?: readonly string[] } = {},
): Promise<tf.GraphModel> {
  const [boxes, scores, labels] = names;
  const shape = { shape: { dim: [{ size: '-1' }, { size: String(6 * k) }] } };
  const slice = (name: string, begin: string, size: string): Node => ({
    name,
    op: 'Slice',
    input: ['rows', begin, size],
    attr: { T: float, Index: int },
  });
  const squeeze = (name: string, input: string): Node => ({
    name,
    op: 'Squeeze',
    input: [input],
    attr: { T: float, squeeze_dims: { list: { i: ['2'] } } },
  });
  const outputs = Object.fromEntries(
    (signature ?? []).map((name, i) => [name, { name: `${names[i] ?? ''}:0`, dtype: 'DT_FLOAT' }]),
  );
  return load(
    [
      { name: 'x', op: 'Placeholder', attr: { dtype: bytes ? int : float, shape } },
      { name: 'floats', op: 'Cast', input: ['x'], attr: { SrcT: bytes ? int : float, DstT: float } },
      { name: 'rows', op: 'Reshape', input: ['floats', 'sizes'], attr: { T: float, Tshape: int } },
      slice(boxes, 'begin0', 'size4'),
      slice('score', 'begin4', 'size1'),
      squeeze(scores, 'score'),
      slice('label', 'begin5', 'size1'),
      squeeze(labels, 'label'),
    ],
    [
      integers('sizes', -1, k, 6),
      integers('begin0', 0, 0, 0),
      integers('begin4', 0, 0, 4),
      integers('begin5', 0, 0, 5),
      integers('size4', -1, -1, 4),
      integers('size1', -1, -1, 1),
    ],
    signature && { outputs },
  );
}

/** A graph model of one image whose suppression leaves a varying number of its K boxes: input [1, K · 5], four corners and a score each. */
export async function loadSuppressedGraph(k: number): Promise<tf.GraphModel> {
  const shape = { shape: { dim: [{ size: '1' }, { size: String(5 * k) }] } };
  const reshape = (name: string, input: string, sizes: string): Node => ({
    name,
    op: 'Reshape',
    input: [input, sizes],
    attr: { T: float, Tshape: int },
  });
  const slice = (name: string, begin: string, size: string): Node => ({
    name,
    op: 'Slice',
    input: ['rows', begin, size],
    attr: { T: float, Index: int },
  });
  const gather = (name: string, input: string): Node => ({
    name,
    op: 'GatherV2',
    input: [input, 'kept', 'axis'],
    attr: { Tparams: float, Tindices: int, Taxis: int },
  });
  const scalar = (name: string, dtype: 'float32' | 'int32', value: number): Constant => ({
    name,
    shape: [],
    dtype,
    values: [value],
  });
  return load(
    [
      { name: 'x', op: 'Placeholder', attr: { dtype: float, shape } },
      reshape('rows', 'x', 'sizes'),
      slice('all_boxes', 'begin0', 'size4'),
      slice('column', 'begin4', 'size1'),
      reshape('all_scores', 'column', 'flat'),
      { name: 'kept', op: 'NonMaxSuppressionV3', input: ['all_boxes', 'all_scores', 'most', 'overlap', 'least'], attr: { T: float } }, // prettier-ignore
      gather('boxes', 'all_boxes'),
      gather('scores', 'all_scores'),
    ],
    [
      integers('sizes', k, 5),
      integers('flat', k),
      integers('begin0', 0, 0),
      integers('begin4', 0, 4),
      integers('size4', -1, 4),
      integers('size1', -1, 1),
      scalar('axis', 'int32', 0),
      scalar('most', 'int32', k),
      scalar('overlap', 'float32', 0.5),
      scalar('least', 'float32', 0.25),
    ],
  );
}
