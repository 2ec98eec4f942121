import { ClassifierError, refusal } from '../../errors.ts';
import type { AskedAgain, RowLayout } from '../row-layout.ts';

/** What rows of numbers may be. */
interface ValuesOptions {
  /** What the option for the numbers in a row is called. */
  readonly name: string;
  /** Numbers in a row, where they are known before the first output. */
  readonly size?: number | undefined;
  /** Whether NaN may come out: who reads the rows then counts it to the safe side. */
  readonly takesNaN?: boolean | undefined;
  /** Whether ±Infinity is a value like others. */
  readonly takesInfinity?: boolean | undefined;
  /**
   * Share of the entries that may differ when rows are asked again: above 0 for outputs that jump where a score crosses a threshold.
   * @defaultValue 0
   */
  readonly mostOthers?: number | undefined;
}

const TOLERANCE = 1e-3;

/** Rows of real outputs, flattened: whatever the shape of an output, its first axis is the batch. @internal */
export class ValuesLayout implements RowLayout {
  readonly name: string;
  /** Shape of one row, as the first output of tensors had it; of typed arrays it is the number of values. */
  shape: readonly number[] | undefined;
  readonly #options: ValuesOptions;

  constructor(options: ValuesOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Numbers in a row; 0 before any is known. */
  get size(): number {
    return this.shape?.reduce((product, length) => product * length, 1) ?? this.#options.size ?? 0;
  }

  /** Throws unless an output has so many rows, of the size that is declared or that the first one had. */
  assertShape(call: string, [batch, ...shape]: readonly number[], rows: number): void {
    const size = shape.reduce((product, length) => product * length, 1);
    const wanted = this.size;
    if (batch !== rows || size === 0 || (wanted !== 0 && size !== wanted)) {
      const got = `[${[batch, ...shape].join(', ')}]`;
      const must = `must return ${rows} rows of ${wanted === 0 ? 'at least one number' : `${wanted} numbers (\`${this.name}\`)`}`;
      throw refusal(ClassifierError, { call, field: 'model', value: shape, got }, must);
    }
    this.shape ??= shape;
  }

  /** Looks at every value, always. */
  judge(call: string): (values: Float32Array) => boolean {
    const { takesNaN = false, takesInfinity = false } = this.#options;
    return (values) => {
      for (const value of values) {
        if (value - value === 0 || (Number.isNaN(value) ? takesNaN : takesInfinity)) continue;
        const way = Number.isNaN(value)
          ? "check the weights and the scale of the inputs, or count NaN to the safe side with nonFinite: 'worst' where there is this option"
          : 'check the weights and the scale of the inputs';
        throw refusal(ClassifierError, { call, field: 'model', value, way }, 'must return finite numbers');
      }
      return false;
    };
  }

  /** Throws unless entries differ by 1e-3 of the largest finite one at most, but for the share that may. */
  assertSame(call: string, { when, way }: AskedAgain, one: Float32Array, other: Float32Array): void {
    let scale = 0;
    for (const value of one) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
    const isOther = (value: number, i: number): boolean => {
      const second = other[i] as number;
      if (!Number.isFinite(value) || !Number.isFinite(second)) return !Object.is(value, second);
      return Math.abs(value - second) > TOLERANCE * Math.max(scale, Math.abs(second));
    };
    let others = 0;
    one.forEach((value, i) => (others += isOther(value, i) ? 1 : 0));
    if (others <= (this.#options.mostOthers ?? 0) * one.length) return;
    const got = `${others} of ${one.length} numbers that differ when ${when}`;
    throw refusal(
      ClassifierError,
      { call, field: 'model', value: others, got, way },
      'must be one fixed function of each row',
    );
  }
}
