import { targetKeys, targets } from '../targets.ts';
import { type About, numberAt, rateAt, type SavedRun } from './saved-run.ts';

/** What stands in a text where a run did not measure it. */
const MISSING = 'not measured';
const CERTIFY = 'certify, LeNet, samples/s';
/** Samples of one certificate with n = 100 000, and images of the test set of MNIST. */
const SAMPLES = 100_100;
const IMAGES = 10_000;

type Quote = (run: SavedRun) => number | string | undefined;

const ofCertify =
  (name: string): Quote =>
  (run) =>
    rateAt(run, CERTIFY, name);
const aboutOf = ({ figures }: SavedRun): About | undefined => figures['about'] as About | undefined;
const mapped =
  (quote: Quote, change: (value: number) => number): Quote =>
  (run) => {
    const value = quote(run);
    return typeof value === 'number' ? change(value) : value;
  };
const quotient =
  (above: Quote, below: Quote): Quote =>
  (run) => {
    const [a, b] = [above(run), below(run)];
    return typeof a === 'number' && typeof b === 'number' ? a / b : undefined;
  };

const wasmCore = ofCertify('WASM, 1 worker');
const nativeCore = mapped(ofCertify('TensorFlow, 2 workers'), (rate) => rate / 2);
const onnxCore = mapped(ofCertify('onnxruntime, 2 workers'), (rate) => rate / 2);
const resnet = (name: string): Quote => mapped((run) => rateAt(run, 'certify, resnet20, samples/s', name), (rate) => rate / 2); // prettier-ignore
const resnetStep = mapped(
  (run) => rateAt(run, 'CAT-RS step, resnet20, images/s', 'WASM, 2 workers'),
  (rate) => rate / 2,
);
const hours = (images: number, perSecond: Quote): Quote => mapped(perSecond, (rate) => images / rate / 3600);
const perCopy =
  (noise: string, backend: string): Quote =>
  (run) => {
    const rate = rateAt(run, 'noisy copies as tensors, values/s', backend, noise);
    return rate && (1000 * 256 * 784) / rate;
  };

/** Figures that a sentence quotes, by name: each comes from the saved run alone. */
export const quotes: Readonly<Record<string, Quote>> = {
  ...Object.fromEntries(targetKeys.map((key): [string, Quote] => [key, ofTarget(key)])),
  processor: ({ machine }) => String(machine['processor']),
  cores: ({ machine }) => String(machine['cores']),
  node: ({ machine }) => String(machine['node']),
  PyTorch: (run) => aboutOf(run)?.PyTorch.version,
  libraries: (run) => aboutOf(run)?.PyTorch.libraries?.join(' and '),
  capability: (run) => aboutOf(run)?.PyTorch.capability,
  TensorFlow: (run) => aboutOf(run)?.engines['tensorflow'],
  onnxruntime: (run) => aboutOf(run)?.engines['onnxruntime'],
  'share of K = M': (run) => numberAt(run, 'CAT-RS step, LeNet, images/s', 'share of images with K = M'),
  'wasm seconds an image': mapped(wasmCore, (rate) => SAMPLES / rate),
  'native seconds an image': mapped(nativeCore, (rate) => SAMPLES / rate),
  'onnxruntime seconds an image': mapped(onnxCore, (rate) => SAMPLES / rate),
  'wasm core-hours': hours(SAMPLES * IMAGES, wasmCore),
  'native core-hours': hours(SAMPLES * IMAGES, nativeCore),
  'onnxruntime against wasm, lenet': quotient(onnxCore, wasmCore),
  'onnxruntime against wasm, resnet20': quotient(resnet('onnxruntime, 2 workers'), resnet('WASM, 2 workers')),
  'native against wasm, resnet20': quotient(resnet('TensorFlow, 2 workers'), resnet('WASM, 2 workers')),
  'resnet20 copies a second': resnet('WASM, 2 workers'),
  'resnet20 step images a second': resnetStep,
  'resnet20 hours an epoch': hours(50_000, resnetStep),
  'sound copies, wasm, ms': perCopy('SoundGaussianNoise', 'wasm'),
  'gaussian copies, wasm, ms': perCopy('ours', 'wasm'),
  'sound copies, cpu, ms': perCopy('SoundGaussianNoise', 'cpu'),
  'gaussian copies, cpu, ms': perCopy('ours', 'cpu'),
  'cpu times slower': (run) => {
    const passes = ['passes of LeNet in one process', 'forward passes, images/s'];
    const [wasm, cpu] = [rateAt(run, ...passes, 'WASM, 1 thread'), numberAt(run, ...passes, 'cpu, 1 thread')];
    return wasm && cpu && wasm / cpu;
  },
};

function ofTarget(key: (typeof targetKeys)[number]): Quote {
  const { unit } = targets[key];
  return (run) => {
    const value = run[key]?.value;
    return value === undefined || value === null || unit === 'times'
      ? (value ?? undefined)
      : `${rounded(value)} ${unit}`;
  };
}

/** A quote as it stands in a text. Throws for a name that nobody has. */
export function quote(name: string, run: SavedRun): string {
  const found = quotes[name];
  if (found === undefined)
    throw new RangeError(`no quote is called '${name}'; there are ${Object.keys(quotes).join(', ')}`);
  const value = found(run);
  return value === undefined ? MISSING : typeof value === 'string' ? value : rounded(value);
}

/** Two digits, or all in front of the point. */
function rounded(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return String(Number(value.toPrecision(2)));
}
