import { DataError, OptionError, showValue } from '../errors.ts';
import type { LabelledDataset, LabelledExample } from './labelled-dataset.ts';

/** Which example of a data set to read, and for whom. @internal */
export interface ExampleRequest {
  /** The public call, for error texts. */
  readonly call: string;
  /** Index in the data set. */
  readonly index: number;
  /** Labels must be below it, if it is known. */
  readonly numClasses: number | undefined;
}

/** Reads one example. Throws OptionError for a label that is no class, DataError for another size than the data set's shape. @internal */
export async function checkedExample(
  dataset: LabelledDataset,
  { call, index, numClasses }: ExampleRequest,
): Promise<LabelledExample> {
  const example = await dataset.example(index);
  const { x, label } = example;
  if (!(Number.isInteger(label) && label >= 0 && label < (numClasses ?? Infinity))) {
    const must = `must be integers ${numClasses === undefined ? 'of at least 0' : `from 0 to ${numClasses - 1}`}`;
    const text = `\`labels\` ${must}, got ${showValue(label)} for example ${index}`;
    throw new OptionError(text, { call, field: 'labels', value: label });
  }
  const { shape } = dataset;
  const size = shape.reduce((product, length) => product * length, 1);
  if (x.length !== size) {
    const must = `must hold ${size} values, one example of shape [${shape}]`;
    throw new DataError(`\`x\` ${must}, got ${x.length}`, { call, field: 'x', value: x.length });
  }
  return example;
}
