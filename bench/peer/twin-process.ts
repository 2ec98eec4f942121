import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment } from './environment.ts';

const PROGRAM = fileURLToPath(new URL('../twin/main.py', import.meta.url));

/** One process of Python that answers requests, one line of JSON each. */
export class TwinProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #complaint = '';

  /** Starts the program; whether it runs shows at the first question. */
  constructor(python: string) {
    // No byte code beside the sources.
    const child = spawn(python, [PROGRAM], { env: cleanEnvironment(process.env, { PYTHONDONTWRITEBYTECODE: '1' }) });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaint += text));
    child.stdin.on('error', () => undefined); // the answer that does not come says enough
    child.on('error', ({ message }) => (this.#complaint += message));
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer to a request; throws what the process says instead. */
  async ask<T>(request: { readonly work: string } & Record<string, unknown>): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    const last = this.#complaint.trim().split('\n').at(-1) ?? '';
    if (line.done === true) throw new Error(`PyTorch ended at ${request.work}: ${last}`);
    const answer = JSON.parse(line.value) as T & { readonly error?: string };
    if (answer.error !== undefined) throw new Error(`PyTorch at ${request.work}: ${answer.error}`);
    return answer;
  }

  /** Ends the process. */
  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
