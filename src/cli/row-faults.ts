/** What is wrong with a row. @internal */
export interface RowFaults {
  /** Index of the image. */
  readonly index: number;
  readonly faults: readonly string[];
}

/** The faults of a row, if there are any. @internal */
export function withFaults({ index }: { readonly index: number }, faults: readonly string[]): RowFaults[] {
  return faults.length === 0 ? [] : [{ index, faults }];
}
