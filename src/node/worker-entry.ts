// What a worker thread of `startWorkers` runs: it loads the module of the host, then certifies the examples that it is sent.
import { parentPort } from 'node:worker_threads';
import type * as tf from '@tensorflow/tfjs';
import { ruleOf } from '../certify/rule-of.ts';
import type { Prediction, RuleRecord } from '../certify/types.ts';
import { attackInThread } from '../evaluate/attack-dataset.ts';
import type { AttackedClassifier } from '../evaluate/attacked-classifier.ts';
import { OptionError, refusal } from '../errors.ts';
import { contextOf, withContext } from '../options/call-context.ts';
import { exampleKey } from '../random/purposes.ts';
import type { SampleProgress } from '../smoothed/call-options.ts';
import type { SampleNews } from '../smoothed/earlier-samples.ts';
import type { OutputTask } from '../smoothed/outputs/types.ts';
import type { Certifier, StreamExample } from '../smoothed/types.ts';
import { makeInThread } from './make-in-thread.ts';
import type { FromAnyThread } from './module-thread.ts';
import { toSentError } from './thread-errors.ts';
import type { AskedExample, FromThread, RunMessage, ThreadRecord, ToThread } from './worker-run.ts';
import { tensorOver } from '../tensors/own-tensor.ts';
import type { Key, Norm } from '../types.ts';

type Given = Exclude<ToThread, RunMessage>;

let give: (given: Given) => void = () => undefined;

try {
  const g = await makeInThread({
    name: 'makeCertifier',
    makes: 'a certifier',
    example: 'for example a SmoothedClassifier',
    isMade: isCertifier,
  });
  parentPort?.on('message', (message: ToThread) => {
    if (message.kind === 'run') void run(g, message);
    else give(message);
  });
  const { task, numClasses, smoothing, engine, noise, beta, rule } = g as Partial<Certifier<object>> & {
    readonly task?: OutputTask;
    readonly noise?: { name: string; parameters: object; norms?: readonly Norm[] };
    readonly beta?: number;
    readonly rule?: RuleRecord;
  };
  const record = {
    task,
    numClasses,
    smoothing,
    engine,
    beta,
    rule: rule && { name: rule.name, parameters: rule.parameters },
    noise: noise && { name: noise.name, parameters: { ...noise.parameters }, norms: noise.norms },
  };
  send({ kind: 'ready', record: JSON.parse(JSON.stringify(record)) as typeof record });
} catch (error) {
  send({ kind: 'failed', error: toSentError(error) });
}

/** Certifies labels or other outputs. */
type AnyCertifier = Pick<Certifier<object>, 'engine'> & {
  certifyStream(examples: AsyncIterable<StreamExample>, options: object): AsyncGenerator<unknown, void, undefined>;
};

function isCertifier(g: unknown): g is AnyCertifier {
  const { certifyStream, numClasses, task } = (g ?? {}) as Readonly<Record<string, unknown>>;
  return typeof certifyStream === 'function' && (typeof numClasses === 'number' || typeof task === 'string');
}

async function run(g: AnyCertifier, { method, options, rule, tellsSamples, context }: RunMessage): Promise<void> {
  try {
    const onSamples = (progress: SampleProgress): void => send({ kind: 'samples', progress });
    const functions = { ...(rule && { rule: ruleOf(rule) }), ...(tellsSamples && { onSamples }) };
    const given = { ...options, ...functions };
    const source = examples();
    const answers =
      method === undefined
        ? g.certifyStream(source, withContext(given, context))
        : asked(g, method, source, { options: given, call: context.call });
    for await (const answer of answers) send({ kind: 'answer', answer });
    send({ kind: 'done' });
  } catch (error) {
    send({ kind: 'failed', error: toSentError(error) });
  }
}

/** What a method of the certifier says of each example; all of it is one run. */
async function* asked(
  g: AnyCertifier,
  method: string,
  source: AsyncIterable<AskedExample>,
  { options, call }: { readonly options: object; readonly call: string },
): AsyncGenerator<unknown, void, undefined> {
  const ask = method === 'attack' ? attack : (g as unknown as Readonly<Record<string, unknown>>)[method];
  if (typeof ask !== 'function') {
    throw refusal(
      OptionError,
      { call, field: 'method', value: method },
      'must be a method of what makeCertifier makes',
    );
  }
  const { key, ...rest } = options as { readonly key: Key };
  const run = {};
  for await (const { x, index, label } of source) {
    const given = withContext({ ...rest, key: exampleKey(key, index) }, { run });
    yield await (ask.call(g, x, given, { index, label }) as unknown);
  }
}

/** The rows of an attacked example, as a method of the certifier. */
async function attack(
  this: AttackedClassifier<Prediction>,
  x: tf.Tensor,
  options: Omit<Parameters<typeof attackInThread>[2], 'run'>,
  { index, label = NaN }: { readonly index: number; readonly label?: number | undefined },
): Promise<unknown> {
  const values = (await x.data()) as Float32Array;
  return attackInThread(
    this,
    { index, x: values, label, shape: x.shape },
    { ...options, run: contextOf(options, '').run },
  );
}

/** Asks for one example after the other, each when there is room for it. A certifier has copied what it needs when it asks for the next. */
async function* examples(): AsyncGenerator<AskedExample, void, undefined> {
  for (;;) {
    const given = await new Promise<Given>((resolve) => {
      give = resolve;
      send({ kind: 'want' });
    });
    if (given.kind === 'end') return;
    const x = tensorOver(given.values, given.shape, 'float32');
    const { index, label } = given;
    const kept = given.kept && { ...given.kept, onNews: (news: SampleNews) => send({ kind: 'news', index, news }) };
    try {
      yield { x, index, label, kept };
    } finally {
      x.dispose();
    }
  }
}

function send(message: FromThread | FromAnyThread<ThreadRecord>): void {
  parentPort?.postMessage(message);
}
