import * as tf from '@tensorflow/tfjs';
import { useWasm } from 'catrs/wasm';
import { matMulGflops, matMulSeconds } from './mat-mul.ts';
import type { EngineName } from './ours/engines.ts';
import { Ours } from './ours/ours.ts';
import type { OursWork, Setting } from './ours/setting.ts';
import { Peer, type PeerCores, type PeerWork } from './peer/peer.ts';
import { alternate, type Work } from './rounds.ts';
import { median } from './statistics.ts';
import { type SubjectFiles, subjectFiles } from './subject-files.ts';
import type { NetworkName } from './subjects.ts';

/** A way of ours to do some work, by a name for the tables. */
export type NamedSetting = Setting & { readonly name: string };

const setting = (engine: EngineName, threads: 1 | 2, workers: 0 | 1 | 2, name: string): NamedSetting => ({
  engine,
  threads,
  workers,
  name,
});

/** All ways that are compared: each is a process of its own. */
export const settings = {
  native2workers: setting('tensorflow', 1, 2, 'TensorFlow, 2 workers'),
  native1worker: setting('tensorflow', 1, 1, 'TensorFlow, 1 worker'),
  native2threads: setting('tensorflow', 2, 0, 'TensorFlow, 2 threads'),
  native1thread: setting('tensorflow', 1, 0, 'TensorFlow, 1 thread'),
  onnx2workers: setting('onnxruntime', 1, 2, 'onnxruntime, 2 workers'),
  onnx1thread: setting('onnxruntime', 1, 0, 'onnxruntime, 1 thread'),
  onnx1worker: setting('onnxruntime', 1, 1, 'onnxruntime, 1 worker'),
  onnx2threads: setting('onnxruntime', 2, 0, 'onnxruntime, 2 threads'),
  wasm2workers: setting('wasm', 1, 2, 'WASM, 2 workers'),
  wasm1worker: setting('wasm', 1, 1, 'WASM, 1 worker'),
  wasm1thread: setting('wasm', 1, 0, 'WASM, 1 thread'),
  cpu: setting('cpu', 1, 0, 'cpu, 1 thread'),
} as const;

/** The name of a way of ours. */
export type SettingName = keyof typeof settings;

/** PyTorch and ours on the same files, in processes of their own that wait between the rounds. */
export class Rivals {
  /** The files of the networks. */
  readonly files: SubjectFiles;
  /** PyTorch, or why there is none. */
  readonly peer: Peer | string;
  readonly #ours = new Map<SettingName, Ours>();
  /** Why some ways of ours are not here. */
  readonly missing: Partial<Record<SettingName, string>> = {};

  private constructor(files: SubjectFiles, peer: Peer | string) {
    this.files = files;
    this.peer = peer;
  }

  /** Starts everything whose engine is installed. */
  static async start(networks: readonly NetworkName[], names: readonly SettingName[], quick: boolean): Promise<Rivals> {
    await useWasm({ threads: 1 });
    const files = await subjectFiles(networks, quick);
    const size = quick ? 256 : 768;
    const times: number[] = [];
    for (let i = 0; i < 4; i++) times.push(await matMulSeconds(size));
    const rivals = new Rivals(files, await Peer.start(files, matMulGflops(size, Math.min(...times))));
    tf.disposeVariables();
    for (const name of names) {
      const started = await Ours.start(settings[name], files);
      if (typeof started === 'string') rivals.missing[name] = started;
      else rivals.#ours.set(name, started);
    }
    return rivals;
  }

  /** Whether this way is here. */
  has(name: SettingName): boolean {
    return this.#ours.has(name);
  }

  /** A piece of work of ours. */
  ours(name: SettingName, work: OursWork): Work {
    return () => this.#ours.get(name)!.seconds(work);
  }

  /** The process of ours, for what it tells besides seconds. */
  process(name: SettingName): Ours | undefined {
    return this.#ours.get(name);
  }

  /** The same work in several ways of PyTorch: after a trial only the fastest one takes part in the rounds. */
  async bestOfPeer(ways: Readonly<Record<string, PeerWay>>, trials: number): Promise<BestOfPeer | string> {
    const { peer } = this;
    if (typeof peer === 'string') return peer;
    const together = Object.entries(ways).filter(([, { cores }]) => cores === 'two processes');
    const problem = together.length === 0 ? undefined : await peer.whyNoPair();
    const possible = Object.entries(ways).filter(([, { cores }]) => problem === undefined || cores !== 'two processes');
    const works = possible.map(([name, { cores, work }]) => [name, () => peer.seconds(cores, work)] as const);
    const seconds = await alternate(Object.fromEntries(works), { rounds: trials });
    const rates = possible.map(([name, { units }]) => ({ name, rate: units / median(seconds[name]!) }));
    const { name } = rates.reduce((best, each) => (each.rate > best.rate ? each : best));
    const { cores, work, units } = ways[name]!;
    return {
      name,
      units,
      run: () => peer.seconds(cores, work),
      tried: {
        ...Object.fromEntries(rates.map((each) => [each.name, Number(each.rate.toPrecision(4))])),
        ...(problem !== undefined && Object.fromEntries(together.map(([each]) => [each, problem]))),
      },
    };
  }

  /** Ends all processes. */
  close(): void {
    if (typeof this.peer !== 'string') this.peer.close();
    for (const each of this.#ours.values()) each.close();
  }
}

/** One way of PyTorch to do some work. */
export interface PeerWay {
  readonly cores: PeerCores;
  readonly work: PeerWork;
  /** Units of work that it does. */
  readonly units: number;
}

/** The fastest way of PyTorch. */
export interface BestOfPeer {
  readonly name: string;
  readonly units: number;
  readonly run: Work;
  /** Units a second of all ways, in the trial, or why one was not tried. */
  readonly tried: Readonly<Record<string, number | string>>;
}
