import type { RuleRecord, Smoothing } from '../certify/types.ts';
import type { CallContext } from '../options/call-context.ts';
import type { SampleProgress } from '../smoothed/call-options.ts';
import type { EarlierSamples, KeptSamples, SampleNews } from '../smoothed/earlier-samples.ts';
import type { OutputTask } from '../smoothed/outputs/types.ts';
import type { StreamExample } from '../smoothed/types.ts';
import type { Norm } from '../types.ts';
import { copyOf } from '../tensors/own-tensor.ts';
import type { ModuleThread, ThreadListener } from './module-thread.ts';
import { type Held, lossOf, type ThreadFailure } from './thread-errors.ts';

/** What is known about a certifier in other threads. */
export interface CertifierRecord {
  /** Number of classes. */
  readonly numClasses: number;
  /** Which smoothed classifier its certificates speak of. */
  readonly smoothing: Smoothing;
  /** What runs its base classifier, with its version; absent where that is not known. */
  readonly engine?: string | undefined;
  /** The smoothing noise, as a log names it. */
  readonly noise?:
    | {
        /** Its name. */
        readonly name: string;
        /** Its parameters, for example `{ sigma: 0.25 }`. */
        readonly parameters: object;
        /** The norms that it certifies. */
        readonly norms?: readonly Norm[] | undefined;
      }
    | undefined;
  /** The exponent of a `SoftSmoothedClassifier`. */
  readonly beta?: number | undefined;
  /** What stands for the rule in the certificates of a `DerandomizedClassifier`. */
  readonly rule?: RuleRecord | undefined;
}

/** What a thread says of its certifier, of labels or of other outputs. @internal */
export interface ThreadRecord extends Pick<CertifierRecord, 'engine' | 'noise' | 'beta' | 'rule'> {
  /** Of what kind of outputs its certificates speak, where it is not one label. */
  readonly task?: OutputTask | undefined;
  readonly numClasses?: number | undefined;
  readonly smoothing?: Smoothing | undefined;
}

/** An example that threads are asked about. */
export interface AskedExample extends StreamExample {
  /** Its class, for what asks for it. */
  readonly label?: number | undefined;
}

/** Begins a run. @internal */
export interface RunMessage {
  readonly kind: 'run';
  /** The method that is asked about each example; none stands for `certifyStream`, which is asked about all. */
  readonly method: string | undefined;
  /** Options of the certifier, without its rule and signal. */
  readonly options: object;
  /** The rule has functions: its record is sent, and the rule made again. */
  readonly rule: RuleRecord | undefined;
  /** Whether somebody wants to be told of the samples. */
  readonly tellsSamples: boolean;
  /** What the certifiers are told of the call. */
  readonly context: Pick<CallContext, 'call' | 'known' | 'inferenceForm'>;
}

/** What a thread is told. @internal */
export type ToThread =
  | RunMessage
  | {
      readonly kind: 'example';
      readonly index: number;
      readonly label: number | undefined;
      readonly values: Float32Array;
      readonly shape: readonly number[];
      /** Where its samples are kept: those of an earlier run. */
      readonly kept: { readonly earlier: EarlierSamples | undefined } | undefined;
    }
  | { readonly kind: 'end' };

/** What a thread says: `want` asks for the next example or the end. Answers, certificates or others, come in the order of its examples. @internal */
export type FromThread =
  | { readonly kind: 'want' }
  | { readonly kind: 'news'; readonly index: number; readonly news: SampleNews }
  | { readonly kind: 'samples'; readonly progress: SampleProgress }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'done' };

/** A thread with a certifier. */
type CertifierThread = ModuleThread<ThreadRecord, ToThread, FromThread>;

/** A run over worker threads. */
interface WorkerRunRequest {
  readonly threads: readonly CertifierThread[];
  readonly source: AsyncIterator<AskedExample, unknown>;
  readonly message: RunMessage;
  readonly signal: AbortSignal | undefined;
  /** Told of the samples of all threads. */
  readonly onSamples: ((progress: SampleProgress) => void) | undefined;
  /** So many examples may be handed out beyond the next answer in order. */
  readonly lookAhead: number;
}

/** An example that a thread has, with who is told of its samples. */
interface HeldExample extends Held {
  readonly kept: KeptSamples | undefined;
}

type Arrival = { readonly answer: unknown } | { readonly error: unknown };

/** An example that was read for a thread. */
interface ReadExample {
  readonly message: Extract<ToThread, { kind: 'example' }>;
  readonly kept: KeptSamples | undefined;
}

/**
 * Hands examples out to threads, one at a time to whoever wants one, and puts their answers in order again.
 *
 * What goes wrong takes the place of the first answer that is lost by it: those before it still come.
 * @internal
 */
export class WorkerRun implements ThreadListener<CertifierThread, FromThread> {
  readonly #request: WorkerRunRequest;
  readonly #held: Map<CertifierThread, HeldExample[]>;
  readonly #busy: Set<CertifierThread>;
  readonly #wanting = new Set<CertifierThread>();
  readonly #arrived = new Map<number, Arrival>();
  #first = 0; // position of the next answer
  #next = 0; // position of the next example
  #hasEnded = false;
  #hasFailed = false;
  #isHandingOut = false;
  #handingOut: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(request: WorkerRunRequest) {
    this.#request = request;
    this.#held = new Map(request.threads.map((thread) => [thread, []]));
    this.#busy = new Set(request.threads);
  }

  /** The answers in order. Whoever leaves before the end ends the threads. */
  async *answers(): AsyncGenerator<unknown, void, undefined> {
    const { threads, source, message, signal } = this.#request;
    const onAbort = (): void => this.#wake();
    signal?.addEventListener('abort', onAbort);
    try {
      signal?.throwIfAborted();
      for (const thread of threads) {
        thread.listen(this);
        thread.send(message);
      }
      for (;;) {
        signal?.throwIfAborted();
        const arrival = this.#arrived.get(this.#first);
        if (arrival !== undefined) {
          if ('error' in arrival) throw arrival.error;
          this.#arrived.delete(this.#first++);
          this.#handOut();
          yield arrival.answer;
        } else if (this.#busy.size === 0) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#hasEnded = true;
      for (const thread of threads) thread.listen(undefined);
      if (this.#hasFailed || this.#busy.size > 0) await Promise.all(threads.map((thread) => thread.terminate()));
      await this.#handingOut;
      await source.return?.();
    }
  }

  /** Takes what a thread says. */
  receive(thread: CertifierThread, message: FromThread): void {
    if (message.kind === 'want') this.#wanting.add(thread);
    else if (message.kind === 'done') this.#busy.delete(thread);
    else if (message.kind === 'news' || message.kind === 'samples') return this.#tell(thread, message);
    else {
      const held = this.#held.get(thread)?.shift();
      if (held) this.#arrived.set(held.position, { answer: message.answer });
    }
    this.#handOut();
    this.#wake();
  }

  /** Passes on what a thread says of its samples. What the listener throws ends the run. */
  #tell(thread: CertifierThread, message: Extract<FromThread, { kind: 'news' | 'samples' }>): void {
    if (this.#hasFailed) return;
    try {
      if (message.kind === 'samples') this.#request.onSamples?.(message.progress);
      else {
        const held = this.#held.get(thread)?.find(({ index }) => index === message.index);
        held?.kept?.onNews(message.news);
      }
    } catch (error) {
      this.stop(error);
    }
  }

  /** Puts an error where the oldest example of a thread should have come. */
  fail(thread: CertifierThread, failure: ThreadFailure): void {
    const held = this.#held.get(thread) ?? [];
    this.#busy.delete(thread);
    this.#wanting.delete(thread);
    this.#put(held[0]?.position ?? this.#next, lossOf(this.#request.message.context.call, failure, held));
  }

  /** Ends the run at once with an error. */
  stop(error: unknown): void {
    this.#arrived.clear();
    this.#put(this.#first, error);
  }

  #put(position: number, error: unknown): void {
    this.#hasEnded = true;
    this.#hasFailed = true;
    if (!this.#arrived.has(position)) this.#arrived.set(position, { error });
    this.#handOut();
    this.#wake();
  }

  #handOut(): void {
    if (this.#isHandingOut) return;
    this.#isHandingOut = true;
    this.#handingOut = this.#handOutAll();
  }

  async #handOutAll(): Promise<void> {
    for (;;) {
      const thread = [...this.#wanting].find((one) => this.#mayTake(one));
      if (thread === undefined) break;
      const example = this.#hasEnded ? undefined : await this.#read();
      this.#wanting.delete(thread);
      if (example === undefined || this.#hasEnded) thread.send({ kind: 'end' });
      else {
        this.#held.get(thread)?.push({ position: this.#next++, index: example.message.index, kept: example.kept });
        thread.send(example.message);
      }
    }
    this.#isHandingOut = false; // at once, so that no later call is missed
  }

  /** The thread that everybody waits for is never made to wait: nobody could go on. */
  #mayTake(thread: CertifierThread): boolean {
    const isAhead = this.#next - this.#first >= this.#request.lookAhead;
    return this.#hasEnded || !isAhead || this.#held.get(thread)?.[0]?.position === this.#first;
  }

  async #read(): Promise<ReadExample | undefined> {
    try {
      const result = await this.#request.source.next();
      if (!result.done) {
        const { x, index, label, kept } = result.value;
        const own = copyOf(x); // before the host has its next turn
        try {
          const values = (await own.data()) as Float32Array;
          const message = { kind: 'example' as const, index, label, values, shape: own.shape };
          return { kept, message: { ...message, kept: kept && { earlier: kept.earlier } } };
        } finally {
          own.dispose();
        }
      }
      this.#hasEnded = true;
    } catch (error) {
      this.#put(this.#next, error);
    }
    return undefined;
  }
}
