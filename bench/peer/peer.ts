import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestPython } from '../../test/helpers/guests.ts';
import type { SubjectFiles } from '../subject-files.ts';
import type { NetworkName } from '../subjects.ts';
import { significant } from '../statistics.ts';
import { judgePeer, type PeerFacts } from './fairness.ts';
import { TwinProcess } from './twin-process.ts';

/** How PyTorch uses two cores: one process with two threads, or two processes of one thread that share the work. */
export type PeerCores = 'two threads' | 'two processes' | 'one thread';

/** A piece of work of twin/work.py, without where it runs. */
export type PeerWork = { readonly work: string } & Record<string, unknown>;

/** What is printed and saved of PyTorch. */
export interface PeerDescription extends Omit<PeerFacts, 'config' | 'gflops'> {
  readonly libraries: readonly string[];
  readonly 'GFLOP/s of a product, one thread': number;
}

/** A product takes a few milliseconds, and the least of many tries counts: a busy machine must not make a fair peer look like none. */
const SIZE = 512;
const TRIES = 40;

/** PyTorch on this machine: one process, and two more that share work where two processes are asked for. */
export class Peer {
  readonly about: PeerDescription;
  readonly #python: string;
  readonly #files: SubjectFiles;
  readonly #single: TwinProcess;
  #pair: readonly TwinProcess[] = [];
  #folder: string | undefined;
  readonly #cuda: boolean;

  private constructor(python: string, files: SubjectFiles, single: TwinProcess, about: PeerDescription, cuda: boolean) {
    this.#python = python;
    this.#files = files;
    this.#single = single;
    this.about = about;
    this.#cuda = cuda;
  }

  /**
   * Starts PyTorch with the networks of some files.
   *
   * @param gflopsOfWasm - What a product of our WebAssembly reaches on one thread.
   * @returns the peer, or why there is none
   */
  static async start(files: SubjectFiles, gflopsOfWasm: number): Promise<Peer | string> {
    const python = guestPython(['torch']);
    if ('reason' in python) return `${python.reason}; npm run bench -- --setup makes one`;
    const single = new TwinProcess(python.found);
    const { cuda, ...said } = await single.ask<Omit<PeerFacts, 'gflops'> & { readonly cuda: boolean }>({
      work: 'hello',
    });
    const times: number[] = [];
    for (let i = 0; i < TRIES; i++) {
      const request = { work: 'product', size: SIZE, count: 1, threads: 1 };
      times.push((await single.ask<{ seconds: number }>(request)).seconds);
    }
    const gflops = (2 * SIZE ** 3) / Math.min(...times) / 1e9;
    const verdict = judgePeer({ ...said, gflops }, gflopsOfWasm);
    if ('reason' in verdict) {
      single.close();
      return verdict.reason;
    }
    await loadAll(single, files);
    const { version, capability } = said;
    const about = {
      version,
      libraries: verdict.libraries,
      capability,
      'GFLOP/s of a product, one thread': significant(gflops),
    };
    return new Peer(python.found, files, single, about, cuda);
  }

  /** Seconds that the work takes, by the clock of the process that is done last. */
  async seconds(cores: PeerCores, request: PeerWork): Promise<number> {
    if (cores !== 'two processes') {
      const answer = { ...request, threads: cores === 'one thread' ? 1 : 2 };
      return (await this.#single.ask<{ seconds: number }>(answer)).seconds;
    }
    const pair = await this.#started();
    const all = pair.map((each) => each.ask<{ seconds: number }>({ ...request, threads: 1 }));
    return Math.max(...(await Promise.all(all)).map(({ seconds }) => seconds));
  }

  /** Why two processes cannot work together here, or nothing. */
  async whyNoPair(): Promise<string | undefined> {
    try {
      await this.#started();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Loads a network on the GPU under the name `cuda`; returns why it cannot, or nothing. */
  async onCuda(network: NetworkName): Promise<string | undefined> {
    if (!this.#cuda) return `PyTorch ${this.about.version} has no CUDA here`;
    const { weights, data } = this.#files[network]!;
    await this.#single.ask({ work: 'load', name: 'cuda', network, weights, data, device: 'cuda' });
    return undefined;
  }

  async #started(): Promise<readonly TwinProcess[]> {
    if (this.#pair.length > 0) return this.#pair;
    this.#folder = mkdtempSync(join(tmpdir(), 'catrs-bench-'));
    const store = join(this.#folder, 'meeting');
    this.#pair = [0, 1].map(() => new TwinProcess(this.#python));
    await Promise.all(this.#pair.map((each, rank) => each.ask({ work: 'join', rank, world: 2, store, threads: 1 })));
    await Promise.all(this.#pair.map((each) => loadAll(each, this.#files)));
    return this.#pair;
  }

  /** Ends the processes. */
  close(): void {
    for (const each of [this.#single, ...this.#pair]) each.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function loadAll(process: TwinProcess, files: SubjectFiles): Promise<void> {
  for (const [network, { weights, data }] of Object.entries(files)) {
    await process.ask({ work: 'load', name: network, network, weights, data });
  }
}
