import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import type { KernelFunc, NamedTensorMap, TensorInfo } from '@tensorflow/tfjs';
import { useWasm } from 'catrs/wasm';
import { type KernelCase, kernelCases } from '../kernel-cases.ts';
import { alternate, type Work } from '../rounds.ts';
import { pairedRatio, significant } from '../statistics.ts';
import { type BenchSettings, type GroupResult, roundsOf } from '../targets.ts';

type Backend = 'wasm' | 'cpu';
type Disposing = tf.KernelBackend & { disposeIntermediateTensorInfo?(info: TensorInfo): void };

/** Each kernel of catrs/wasm against the shipped one, at the sizes of LeNet's layers; where none is shipped, against the cpu backend. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const names = [...new Set(kernelCases(1).map(({ kernel }) => kernel))];
  const shipped = new Map(names.map((name) => [name, kernelOf(name, 'wasm')]));
  await useWasm({ threads: 1 }); // puts ours in their places
  const figures: Record<string, unknown> = {};
  for (const [i, { kernel, what }] of kernelCases(1).entries()) {
    const other = shipped.get(kernel);
    // The cpu backend takes seconds for a batch of 256.
    const batch = quick ? 2 : other === undefined ? 8 : 256;
    const { make } = kernelCases(batch)[i]!;
    const ours = await prepare(kernelOf(kernel, 'wasm')!, 'wasm', make, quick);
    const theirs = await prepare(other ?? kernelOf(kernel, 'cpu')!, other === undefined ? 'cpu' : 'wasm', make, quick);
    const seconds = await alternate(
      { ours: ours.run, theirs: theirs.run },
      { rounds: roundsOf(settings, other === undefined ? 3 : 9) },
    );
    figures[`${kernel}, ${what}`] = {
      'calls/s': significant(ours.repeats / Math.min(...seconds.ours)),
      against: other === undefined ? 'cpu backend, none is shipped' : 'shipped',
      'times as fast': significant((ours.repeats / theirs.repeats) * pairedRatio(seconds.theirs, seconds.ours)),
      batch,
    };
    ours.close();
    theirs.close();
  }
  return { figures: { 'WASM kernels against the shipped ones': figures } };
}

function kernelOf(name: string, backend: Backend): KernelFunc | undefined {
  return (tf.getKernel(name, backend) as { kernelFunc: KernelFunc } | undefined)?.kernelFunc;
}

interface PreparedKernel {
  readonly run: Work;
  readonly repeats: number;
  readonly close: () => void;
}

/** A kernel with inputs on its backend, called so often that a round takes some milliseconds. */
async function prepare(
  kernel: KernelFunc,
  name: Backend,
  make: () => KernelCase,
  quick: boolean,
): Promise<PreparedKernel> {
  await tf.setBackend(name);
  const { inputs, attrs } = make();
  const backend = tf.backend() as Disposing;
  const call = (): void => {
    const result = kernel({ inputs: inputs as NamedTensorMap, backend, attrs }) as TensorInfo;
    backend.disposeData(result.dataId);
  };
  call(); // packs filters, compiles
  const begin = performance.now();
  call();
  const repeats = quick ? 1 : Math.min(200, Math.max(1, Math.ceil(10 / (performance.now() - begin))));
  return {
    repeats,
    run: () => {
      for (let i = 0; i < repeats; i++) call();
    },
    close: () => tf.dispose(inputs),
  };
}
