import { Worker } from 'node:worker_threads';
import { OptionError } from '../errors.ts';
import { toSentError } from './sent-error.ts';
import type { CertifierRecord, StartWorkersOptions } from './start-workers.ts';
import { failureOf, noCertifier, type ThreadFailure } from './thread-failure.ts';
import type { FromThread, ThreadData, ToThread } from './worker-protocol.ts';

/** How to start a thread. @internal */
export interface ThreadOptions extends Omit<StartWorkersOptions, 'module' | 'workers'> {
  readonly module: URL;
}

/** Who hears a thread. @internal */
export interface ThreadListener {
  /** It says something. */
  receive(thread: CertifierThread, message: Exclude<FromThread, { readonly kind: 'failed' | 'ready' }>): void;
  /** It failed: an error that it sent, or how it ended. */
  fail(thread: CertifierThread, failure: ThreadFailure): void;
}

// Beside the sources stands a .ts file, beside the built files a .js file.
const entry = new URL(`./worker-entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** A worker thread with the certifier that a module made in it. @internal */
export class CertifierThread {
  /** What the certifier is, once it is made. */
  readonly ready: Promise<CertifierRecord>;
  readonly #worker: Worker;
  #listener: ThreadListener | undefined;
  #isAlive = true;

  constructor(call: string, options: ThreadOptions) {
    this.#worker = startWorker(call, options);
    this.ready = new Promise((resolve, reject) => {
      const fail = (failure: ThreadFailure): void => {
        reject(noCertifier(call, failure, options.module));
        this.#listener?.fail(this, failure);
      };
      this.#worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve(message.record);
        else if (message.kind === 'failed') fail(failureOf(message.error));
        else this.#listener?.receive(this, message);
      });
      this.#worker.on('error', (error: unknown) => {
        this.#isAlive = false;
        fail(failureOf(toSentError(error)));
      });
      this.#worker.on('exit', (code) => {
        // An error comes first and has been told.
        if (this.#isAlive) fail({ error: undefined, words: `its end with exit code ${code}`, value: code });
        this.#isAlive = false;
      });
    });
  }

  /** Whether it has not ended. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Takes a listener for a run; between runs, without one, the thread does not keep the process alive. */
  listen(listener: ThreadListener | undefined): void {
    this.#listener = listener;
    if (listener) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Tells it something. */
  send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  /** Ends it, whatever it is at. */
  async terminate(): Promise<void> {
    this.#listener = undefined;
    this.#isAlive = false;
    await this.#worker.terminate();
  }
}

function startWorker(call: string, { module, data, execArgv, resourceLimits }: ThreadOptions): Worker {
  const workerData: ThreadData = { module: module.href, data, call };
  try {
    return new Worker(entry, {
      workerData,
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(resourceLimits && { resourceLimits: { ...resourceLimits } }),
    });
  } catch (error) {
    const { name, message } = error as Error;
    const field = name === 'DataCloneError' ? 'data' : 'execArgv';
    const must = field === 'data' ? 'a value that can be sent to a thread' : 'options that Node takes for a thread';
    throw new OptionError(`\`${field}\` must be ${must}, got ${JSON.stringify(message)}`, {
      call,
      field,
      value: error,
    });
  }
}
