import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeIdx } from '../data/idx-encoder.ts';
import { runTypeScript } from '../helpers/run-typescript.ts';
import { catrs as run, type CliResult } from './run.ts';

/** Runs `catrs` in this process. `onText` sees each text of stderr when it comes, and may press Ctrl-C. */
export async function catrs(
  args: readonly string[],
  onText?: (text: string, interrupt: AbortController) => void,
): Promise<CliResult> {
  const interrupt = new AbortController();
  let seen = '';
  const stderr = (text: string): void => {
    seen += text;
    onText?.(text, interrupt);
  };
  // On a terminal every progress line is shown, not one in five seconds.
  const io = { stderr, signal: interrupt.signal, isTTY: onText !== undefined, workerArguments: runTypeScript };
  const result = await run(args, io);
  return { ...result, stderr: seen };
}

/** Bytes that look random and are always the same. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) & 255);
}

/** Writes `size` noise images of 16 x 16 with labels 0, 1, 2 as the files of MNIST, or every `skip`-th of them, and gives the folder. */
export async function writeImages(folder: string, size = 20, skip = 1): Promise<string> {
  await mkdir(folder, { recursive: true });
  const count = Math.ceil(size / skip);
  const labels = Uint8Array.from({ length: count }, (_, i) => (i * skip) % 3);
  const all = noise(size * 256);
  const pixels = Uint8Array.from(
    { length: count * 256 },
    (_, i) => all[Math.floor(i / 256) * skip * 256 + (i % 256)] ?? 0,
  );
  for (const part of ['train', 't10k']) {
    const images = encodeIdx({ dtype: 'uint8', shape: [count, 16, 16], data: pixels });
    await writeFile(join(folder, `${part}-images-idx3-ubyte`), images);
    await writeFile(
      join(folder, `${part}-labels-idx1-ubyte`),
      encodeIdx({ dtype: 'uint8', shape: [count], data: labels }),
    );
  }
  return folder;
}
