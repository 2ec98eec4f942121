import { type ChildProcess, fork } from 'node:child_process';
import { cleanEnvironment } from '../peer/environment.ts';
import type { SubjectFiles } from '../subject-files.ts';
import type { NetworkName } from '../subjects.ts';
import { engineEnvironment, whyMissing } from './engines.ts';
import type { OursAnswer, OursMessage, OursWork, Setting } from './setting.ts';

/** A process of ours with one engine, which waits between the rounds. */
export class Ours {
  readonly #child: ChildProcess;
  #settle: ((message: OursMessage) => void) | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => this.#settle?.(message as OursMessage));
    child.on('error', ({ message }) => this.#settle?.({ error: message }));
    child.on('exit', (code, signal) =>
      this.#settle?.({ error: `the process ended (${signal ?? `exit code ${code}`})` }),
    );
  }

  /** Starts a process and loads networks; returns the reason where its engine is not installed. */
  static async start(setting: Setting, files: SubjectFiles): Promise<Ours | string> {
    const missing = whyMissing(setting.engine);
    if (missing !== undefined) return missing;
    const child = fork(new URL('process.ts', import.meta.url), [JSON.stringify({ ...setting, files })], {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: cleanEnvironment(process.env, engineEnvironment(setting.engine, setting.threads)),
      serialization: 'advanced',
    });
    const ours = new Ours(child);
    for (const network of Object.keys(files) as NetworkName[]) await ours.ask({ work: 'load', network });
    return ours;
  }

  /** Does the work; throws what the process throws. */
  async ask(work: OursWork): Promise<OursAnswer> {
    const message = await new Promise<OursMessage>((resolve) => {
      this.#settle = resolve;
      if (this.#child.connected) this.#child.send(work);
      else resolve({ error: 'the process has ended' });
    });
    if ('error' in message) throw new Error(`${work.work}: ${message.error}`);
    return message;
  }

  /** Seconds that the work takes, as its process measures them. */
  async seconds(work: OursWork): Promise<number> {
    return (await this.ask(work)).seconds;
  }

  /** Ends the process. */
  close(): void {
    this.#settle = undefined;
    this.#child.kill();
  }
}
