import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Work that torch-twin.py does. */
export interface TorchWork {
  readonly work: 'forward' | 'certify' | 'normals' | 'step';
  readonly threads: number;
  /** Images in a batch. */
  readonly batch: number;
  /** Batches. */
  readonly count: number;
  readonly device?: 'cpu' | 'cuda';
}

const PROGRAMS = ['python3', '/usr/bin/python3'];

/** PyTorch in a process of its own, which waits between the rounds. */
export class Torch {
  readonly version: string;
  readonly cuda: boolean;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcessWithoutNullStreams, lines: AsyncIterator<string>, hello: string) {
    const { version, cuda } = JSON.parse(hello) as { version: string; cuda: boolean };
    this.version = version;
    this.cuda = cuda;
    this.#process = process;
    this.#lines = lines;
  }

  /** The first python3 that has torch, or the reason why there is none. */
  static async start(): Promise<Torch | string> {
    const reasons: string[] = [];
    for (const program of PROGRAMS) {
      const started = await Torch.#startWith(program);
      if (started instanceof Torch) return started;
      reasons.push(`${program}: ${started}`);
    }
    return `PyTorch is not installed (${reasons.join('; ')})`;
  }

  static async #startWith(program: string): Promise<Torch | string> {
    const child = spawn(program, [fileURLToPath(new URL('torch-twin.py', import.meta.url))]);
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.stdin.on('error', () => undefined); // the answer that does not come says enough
    child.on('error', ({ message }) => (complaint += message));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const hello = await lines.next();
    if (hello.done !== true) return new Torch(child, lines, hello.value);
    return complaint.trim().split('\n').at(-1) ?? '';
  }

  /** Seconds that the work took, as PyTorch's own process measured them. */
  async seconds(work: TorchWork): Promise<number> {
    this.#process.stdin.write(`${JSON.stringify(work)}\n`);
    const answer = await this.#lines.next();
    if (answer.done === true) throw new Error(`PyTorch ended at ${work.work}`);
    return (JSON.parse(answer.value) as { seconds: number }).seconds;
  }

  /** Ends the process. */
  close(): void {
    this.#process.stdin.end();
    this.#process.kill();
  }
}
