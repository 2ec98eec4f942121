import { openTargets, type OpenedTargets } from '../../src/cli/open-targets.ts';
import type { TruthKind } from '../../src/cli/data/open-truth.ts';
import type { DataSettings } from '../../src/cli/open-data.ts';
import type { TruthOptions } from '../../src/cli/truth-options.ts';
import type { NpyArray } from '../../src/data/arrays.ts';

type Settings = Partial<DataSettings & TruthOptions>;

/** What a test looks at of opened targets. */
export interface SeenTargets {
  readonly opened: OpenedTargets;
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly unknown[];
  /** What was said, without the name of the program. */
  readonly notes: readonly string[];
}

/** Opens data with what is true of them, and reads all. */
export async function seeTargets(settings: Settings, kind: TruthKind): Promise<SeenTargets> {
  const notes: string[] = [];
  const stderr = (text: string): void => void notes.push(text.slice('catrs: '.length).trimEnd());
  const opened = await openTargets({ data: '', format: 'auto', ...settings }, { stderr }, kind);
  const indices = Array.from({ length: opened.dataset.size }, (_, i) => i);
  const examples = await Promise.all(indices.map(async (index) => opened.dataset.example(index)));
  return { opened, inputs: examples.map(({ x }) => [...x]), targets: examples.map(({ target }) => target), notes };
}

/** The error of opening them. */
export async function targetComplaint(settings: Settings, kind: TruthKind): Promise<string> {
  try {
    await seeTargets(settings, kind);
  } catch (error) {
    if ((error as Error).name !== 'CliError') throw error;
    return (error as Error).message;
  }
  throw new Error('the data were opened');
}

/** An array of doubles. */
export function doubles(shape: readonly number[], values: readonly number[]): NpyArray {
  return { dtype: 'float64', shape, data: Float64Array.from(values) };
}
