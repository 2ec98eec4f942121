import { type ChildProcess, fork } from 'node:child_process';
import { loadavg } from 'node:os';
import type { ImagenetAnswer, ImagenetProcess } from '../imagenet-process.ts';
import { engineEnvironment, whyMissing } from '../ours/engines.ts';
import { cleanEnvironment } from '../peer/environment.ts';
import { median, significant } from '../statistics.ts';
import { type BenchSettings, type GroupResult, roundsOf } from '../targets.ts';

const WAYS = [
  { name: 'onnxruntime, 2 threads', engine: 'onnxruntime', threads: 2 },
  { name: 'TensorFlow, 2 threads', engine: 'tensorflow', threads: 2 },
  { name: 'WASM, 1 thread', engine: 'wasm', threads: 1 },
] as const;

/** Noisy copies of one image through ResNet-50 at 224 x 224, on each engine that is installed: a process each, rounds that alternate. */
export async function measure(settings: BenchSettings): Promise<GroupResult> {
  const { quick } = settings;
  const work = quick
    ? ({ depth: 18, side: 32, copies: 4, batch: 4 } as const)
    : ({ depth: 50, side: 224, copies: 16, batch: 8 } as const);
  const missing: Record<string, string> = {};
  const processes = new Map<string, ChildProcess>();
  for (const { name, engine, threads } of WAYS) {
    const reason = whyMissing(engine);
    if (reason === undefined) processes.set(name, await started({ ...work, engine, threads }));
    else missing[name] = reason;
  }
  const answers = new Map<string, ImagenetAnswer[]>([...processes.keys()].map((name) => [name, []]));
  const loads = [loadavg()[0] ?? NaN];
  for (let round = 0; round < 1 + roundsOf(settings, 3); round++) {
    for (const [name, child] of processes) {
      const found = await asked(child);
      if (round > 0) answers.get(name)?.push(found); // the first one warms up
    }
  }
  loads.push(loadavg()[0] ?? NaN);
  for (const child of processes.values()) child.kill();
  const figures = Object.fromEntries([...answers].map(([name, rounds]) => [name, figuresOf(rounds, work.copies)]));
  const { side, batch } = work;
  const compared = differences(answers);
  return { figures: { imagenet: { side, batch, load: loads.map(significant), ...compared, ...figures, missing } } };
}

function figuresOf(rounds: readonly ImagenetAnswer[], copies: number): object {
  const each = (seconds: (round: ImagenetAnswer) => number): number => significant(median(rounds.map(seconds)) / copies); // prettier-ignore
  return {
    engine: rounds[0]?.engine,
    'seconds a copy': each(({ seconds }) => seconds),
    'core-seconds a copy': each(({ coreSeconds }) => coreSeconds),
    rounds: rounds.map(({ seconds, coreSeconds }) => ({ seconds: significant(seconds), coreSeconds: significant(coreSeconds) })), // prettier-ignore
  };
}

/** How far the logits of engines are apart, as a share of the largest, and whether the votes are the same. */
function differences(answers: ReadonlyMap<string, readonly ImagenetAnswer[]>): object {
  const [first, ...others] = [...answers.values()].flatMap(([round]) => (round === undefined ? [] : [round]));
  if (first === undefined) return {};
  const largest = Math.max(...first.logits.map(Math.abs));
  const apart = others.map(({ logits }) => Math.max(...logits.map((z, c) => Math.abs(z - (first.logits[c] ?? NaN)))));
  return {
    'logits apart, of the largest': significant(Math.max(0, ...apart) / largest),
    'same votes': others.every(({ counts }) => counts.every((count, c) => count === first.counts[c])),
  };
}

/** A process that has loaded its network. */
function started(settings: ImagenetProcess): Promise<ChildProcess> {
  const child = fork(new URL('../imagenet-process.ts', import.meta.url), [JSON.stringify(settings)], {
    stdio: ['ignore', 2, 2, 'ipc'],
    env: cleanEnvironment(process.env, engineEnvironment(settings.engine, settings.threads)),
  });
  return told<string>(child).then(() => child);
}

function asked(child: ChildProcess): Promise<ImagenetAnswer> {
  const answer = told<ImagenetAnswer>(child);
  child.send('go');
  return answer;
}

/** The next message of a process; throws where it ends first. */
function told<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the process ended with code ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as Message);
    });
  });
}
