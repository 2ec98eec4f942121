import { ruleOf } from '../certify/rule-of.ts';
import type { RuleRecord, Smoothing } from '../certify/types.ts';
import { type CatrsError, OptionError, showValue } from '../errors.ts';
import { ownData } from '../host/own-data.ts';
import type { Caller, StreamExample, TimedCertificate } from '../smoothed/types.ts';
import type { CertifierRecord, WorkerCertifier } from './start-workers.ts';
import type { ThreadOptions } from './thread-options.ts';
import { ThreadTeam } from './thread-team.ts';
import { type FromThread, type RunMessage, type ToThread, WorkerRun } from './worker-run.ts';

const LOOK_AHEAD_PER_THREAD = 64;

/** Worker threads and the runs that they do. @internal */
export class WorkerPool<Options extends object> implements WorkerCertifier<Options> {
  readonly numClasses: number;
  readonly smoothing: Smoothing;
  readonly noise: CertifierRecord['noise'];
  readonly workers: number;
  readonly #team: ThreadTeam<CertifierRecord, ToThread, FromThread>;
  #isRunning = false;
  #run: WorkerRun | undefined;

  private constructor(team: ThreadTeam<CertifierRecord, ToThread, FromThread>) {
    const record = team.records[0] as CertifierRecord;
    this.#team = team;
    this.workers = team.size;
    this.numClasses = record.numClasses;
    this.smoothing = record.smoothing;
    this.noise = record.noise;
  }

  /** Starts threads and waits until each has its certifier. */
  static async start<O extends object>(
    call: string,
    options: { readonly workers: number; readonly thread: ThreadOptions },
  ): Promise<WorkerPool<O>> {
    const kind = { entry: 'worker-entry', makes: 'a certifier' };
    return new WorkerPool<O>(await ThreadTeam.start(call, { ...options, kind }));
  }

  /** Certificates in the order of the examples, as those of one thread. */
  certifyStream(
    examples: AsyncIterable<StreamExample>,
    options: Options,
    caller: Caller = { call: 'WorkerCertifier.certifyStream', known: [] },
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const { signal, ...rest } = { ...options } as { readonly signal?: unknown };
    const isSignal = signal instanceof AbortSignal;
    // Anything else is refused where the other options are checked.
    const message = messageFor(isSignal || signal === undefined ? rest : { ...rest, signal }, caller);
    return this.#certificates(examples, message, isSignal ? signal : undefined);
  }

  async *#certificates(
    examples: AsyncIterable<StreamExample>,
    message: RunMessage,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<TimedCertificate, void, undefined> {
    const { call } = message.caller;
    if (this.#isRunning) throw notAtRest(call, 'workers in the middle of a run');
    this.#isRunning = true;
    try {
      signal?.throwIfAborted();
      const threads = await this.#team.threads();
      if (threads === undefined) throw notAtRest(call, 'closed ones');
      const source = examples[Symbol.asyncIterator]();
      const lookAhead = LOOK_AHEAD_PER_THREAD * this.workers;
      this.#run = new WorkerRun({ threads, source, message, signal, lookAhead });
      yield* this.#run.certificates();
    } finally {
      this.#isRunning = false;
      this.#run = undefined;
    }
  }

  /** Ends the threads, and the run that they are at. */
  async close(): Promise<void> {
    const closed = this.#team.close(); // marked before the run ends
    this.#run?.stop(notAtRest('WorkerCertifier.close', 'a run that is not at its end'));
    await closed;
  }

  /** Ends the threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function notAtRest(call: string, found: string): OptionError {
  const text = `\`workers\` must be open and at rest, got ${found} (startWorkers gives others)`;
  return new OptionError(text, { call, field: 'workers', value: found });
}

/** What the threads are told at the beginning. Throws OptionError for what cannot be sent. */
function messageFor(options: object, caller: Caller): RunMessage {
  const { rule, ...given } = options as { readonly rule?: Partial<RuleRecord> | null };
  const wrong = (name: string, must: string, value: unknown): CatrsError =>
    new OptionError(`\`${name}\` must be ${must}`, { call: caller.call, field: name, value });
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    try {
      rest[name] = structuredClone(value); // the run begins later, and the value is the host's
    } catch {
      throw wrong(name, `a value that can be sent to a thread, got ${showValue(value)}`, value);
    }
  }
  if (typeof rule !== 'object' || rule === null) {
    return { kind: 'run', options: rule === undefined ? rest : { ...rest, rule }, rule: undefined, caller };
  }
  const record = ownData({ name: rule.name, parameters: rule.parameters }) as RuleRecord;
  try {
    ruleOf(record);
  } catch {
    const must = `a rule of catrs, which can be sent to threads, got ${showValue(rule.name)} (let makeCertifier return a certifier that adds the rule)`;
    throw wrong('rule', must, rule);
  }
  return { kind: 'run', options: rest, rule: record, caller };
}
