import { type DatasetRunOptions, selectedIndices } from '../data/dataset-selection.ts';
import type { LabelledDataset } from '../data/labelled-dataset.ts';
import { OwnTargets, type TargetDataset } from '../data/target-dataset.ts';
import { certifyTargets } from '../evaluate/certify-dataset.ts';
import { outputLogHeader, outputRowText } from '../evaluate/output-log.ts';
import type { OutputRow } from '../evaluate/output-rows.ts';
import type { Noise } from '../noise/types.ts';
import type { SampleProgress } from '../smoothed/call-options.ts';
import type { OutputCertifier, OutputRecord, OutputTask } from '../smoothed/outputs/types.ts';
import type { Json, Key } from '../types.ts';
import { checkEarlierOutputs, checkOutputSettings, outputSettings, recheckOutput } from './earlier-outputs.ts';
import { checkEngine, checkKeyOf } from './earlier-rows.ts';
import { pathOf } from './files.ts';
import { LogFile } from './log-file.ts';
import { type LogRunOptions, parseRun, RUN_NAMES, tellerOf } from './log-run.ts';
import { type OutputProgress, OutputTally } from './output-progress.ts';
import { readOutputRows } from './output-rows-file.ts';
import { outputVerifier } from './row-verifier.ts';

/** What `certifyToLog` and `mergeOutputLogs` return for other outputs than one label. */
export interface OutputLogSummary {
  /** The log. */
  readonly file: string;
  /** Of what kind of outputs it is. */
  readonly task: OutputTask;
  /** Rows that it has now. */
  readonly done: number;
  /** Rows that were in it before. */
  readonly resumed: number;
}

/** The options of a run that are looked at here. */
interface CertifyParts {
  readonly key?: Key;
  readonly signal?: AbortSignal;
  readonly onSamples?: (progress: SampleProgress) => void;
}

/** What `certifyToLog` does for other outputs than one label. @internal */
export async function outputsToLog<Options extends object, C extends OutputRecord>(
  call: string,
  g: OutputCertifier<Options, C>,
  dataset: TargetDataset<unknown> | LabelledDataset,
  options: Options & DatasetRunOptions & LogRunOptions<OutputProgress>,
): Promise<OutputLogSummary> {
  const { run, selection, certify } = parseRun(call, options);
  const own = OwnTargets.of(call, dataset);
  const { key, signal, onSamples } = certify as CertifyParts;
  let tell: ((progress: SampleProgress) => void) | undefined;
  const certified = (some: Iterable<number>): AsyncGenerator<OutputRow<C, Json>, void, undefined> => {
    const told = tell;
    const listening = told && {
      onSamples: (progress: SampleProgress): void => {
        told(progress);
        onSamples?.(progress);
      },
    };
    return certifyTargets(g, own, some, { ...certify, ...listening }, { call, known: RUN_NAMES });
  };

  // The options are checked before a file is touched: by workers, on the way to the first row.
  const check = certified([]);
  if (!signal?.aborted) await check.next();

  const path = pathOf(call, run.file);
  const indices = [...selectedIndices(own.size, selection)];
  const { task, engine } = g;

  const log = await LogFile.open({ call, path, durable: run.durable });
  try {
    const earlier = readOutputRows(log.content, task, { call, field: 'file', path });
    const dimension = own.shape.reduce((product, length) => product * length, 1);
    const faultsOf = outputVerifier({ noise: run.verifyWith?.noise ?? noiseOfCertifier(g), dimension });
    const expected = { call, path, indices, key, engine, faultsOf, g, options: certify, dataset: own, signal };
    await checkEarlierOutputs(earlier, expected);
    const { workers } = g as { readonly workers?: number };
    const tally = new OutputTally(indices.length, earlier, workers);
    const teller = tellerOf(run.onProgress, tally);
    let isCompared = true;
    if (run.onProgress !== undefined) {
      tell = (progress) => {
        tally.tell(progress, isCompared);
        teller.tellInBetween();
      };
    }
    if (run.recheck) await recheckOutput(earlier, certified, { call, path });
    isCompared = false;
    tally.endComparison();
    await log.cutTail();
    if (log.content.lines.length === 0) await log.append(outputLogHeader(task));

    teller.tell();
    let first: OutputRecord | undefined = earlier[0]?.certificate;
    for await (const row of certified(indices.slice(earlier.length))) {
      const at = `${path}, of this run,`;
      if (first) checkOutputSettings(first, outputSettings(row.certificate), { call, at: `${path}, line 2,` });
      first ??= row.certificate;
      checkKeyOf(row.index, row.certificate.key, { call, at, key });
      checkEngine(engine, row.engine, { call, at }); // the host may set another backend
      await log.append(outputRowText(call, row));
      tally.add(row);
      teller.tell();
    }
    return { file: path, task, done: indices.length, resumed: earlier.length };
  } finally {
    await log.close();
  }
}

/** The noise of a certifier; one of other threads has but its record. */
function noiseOfCertifier({ noise }: Pick<OutputCertifier<object>, 'noise'>): Noise | undefined {
  return 'radius' in noise && typeof noise.radius === 'function' ? (noise as unknown as Noise) : undefined;
}
