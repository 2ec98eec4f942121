import { figureTables, markdown, targetTable } from '../table.ts';
import { targetKeys, targets } from '../targets.ts';
import { type About, numberAt, ratesIn, type SavedRun } from './saved-run.ts';

type Block = (run: SavedRun) => string;

const STEPS = 'CAT-RS step, LeNet, images/s';

const SCALE = 'a data set with one radius, LeNet, 2 workers';
/** The figures of a whole run, by the names that the group gives them. */
const SCALE_COLUMNS = [
  'images an hour',
  'copies a second',
  'copies an image',
  'share of the speed of its passes',
  'MB with 100 images',
  'MB with all',
  'images',
];

/** Tables of a saved run, by name. */
export const blocks: Readonly<Record<string, Block>> = {
  machine: (run) => {
    const { PyTorch, engines } = (run.figures['about'] ?? {}) as Partial<About>;
    const rows = Object.entries({ ...run.machine, ...engines }).map(([name, value]) => [name, String(value)]);
    const peer = Object.entries(PyTorch ?? {}).map(([name, value]) => [`PyTorch, ${name}`, String(value)]);
    return markdown(['', 'of the run'], [...rows, ...peer]);
  },
  targets: (run) => {
    const known = targetKeys.filter((key) => run[key] !== undefined);
    // What a target asks is said by the sources: a saved run tells what was reached.
    return targetTable(Object.fromEntries(known.map((key) => [key, { ...run[key]!, ...targets[key] }])));
  },
  certify: ({ figures }) => rates(figures['certify, LeNet, samples/s'], 'samples a second'),
  resnets: ({ figures }) => several(figures, ['certify, resnet20, samples/s', 'certify, resnet110, samples/s']),
  steps: ({ figures }) => {
    const steps = figures[STEPS] as Record<string, unknown> | undefined;
    return several(steps ?? {}, ['only images with K = M attacked', 'all images attacked']);
  },
  'other steps': ({ figures }) => {
    const methods = (figures['steps of the other losses, LeNet, images/s'] ?? {}) as Record<string, unknown>;
    return several(methods, Object.keys(methods));
  },
  'resnet steps': ({ figures }) =>
    several(figures, ['CAT-RS step, resnet20, images/s', 'CAT-RS step, resnet110, images/s']),
  passes: ({ figures }) => {
    const passes = (figures['passes of LeNet in one process'] ?? {}) as Record<string, unknown>;
    return several(
      passes,
      Object.keys(passes).filter((name) => name.endsWith('/s')),
    );
  },
  kernels: (run) => {
    const kernels = (run.figures['WASM kernels against the shipped ones'] ?? {}) as Record<string, { against: string }>;
    const rows = Object.entries(kernels).map(([name, { against }]) => [
      name,
      String(numberAt(run, 'WASM kernels against the shipped ones', name, 'times as fast')),
      against,
    ]);
    return markdown(['kernel', 'times as fast', 'against'], rows);
  },
  scale: ({ figures }) => {
    const engines = (figures[SCALE] ?? {}) as Record<string, Readonly<Record<string, number>> | string>;
    const rows = Object.entries(engines).map(([engine, figure]) =>
      typeof figure === 'string'
        ? [engine, figure, ...SCALE_COLUMNS.slice(1).map(() => '')]
        : [engine, ...SCALE_COLUMNS.map((name) => grouped(figure[name] ?? NaN))],
    );
    const none = [['not measured', ...SCALE_COLUMNS.map(() => '')]];
    return markdown(['engine', ...SCALE_COLUMNS], rows.length > 0 ? rows : none);
  },
  noise: ({ figures }) => rates(figures['normals a second, one core'], 'a second'),
  all: ({ figures }) => figureTables(figures),
};

/** One row for each way, the median and the best round. */
function rates(figure: unknown, unit: string): string {
  const rows = ratesIn(figure).map(([name, { median, best }]) => [name, grouped(median), grouped(best)]);
  return markdown(['', `${unit}, median`, 'best round'], rows);
}

/** One row for each way that any of the figures has; medians. */
function several(figures: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  const columns = names.map(
    (name) => new Map(ratesIn(figures[name]).map(([way, { median }]) => [peerless(way), median])),
  );
  const ways = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  const rows = ways.map((way) => [
    way,
    ...columns.map((column) => (column.has(way) ? grouped(column.get(way)!) : '–')),
  ]);
  return markdown(['', ...names], rows);
}

/** PyTorch is one row, by whichever of its ways was fastest. */
function peerless(way: string): string {
  return way.startsWith('PyTorch') ? 'PyTorch at its best' : way;
}

function grouped(value: number): string {
  return value >= 1e6
    ? `${Number((value / 1e6).toPrecision(3))} million`
    : value.toLocaleString('en').replaceAll(',', ' ');
}
