import { fork } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

/** A Vitest in a process of its own, which is ended where a mutant never lets go of it. */
export class VitestProcess {
  #child;

  constructor(root, sandbox) {
    this.root = root;
    this.sandbox = sandbox;
  }

  /** 'killed' (a test failed), 'timeout' or 'survived'. */
  async statusOf(mutant, files, limit) {
    const source = join(this.sandbox, mutant.path);
    const text = readFileSync(join(this.root, mutant.path), 'utf8');
    writeFileSync(source, text.slice(0, mutant.start) + mutant.replacement + text.slice(mutant.end));
    this.#child ??= await this.#start();
    this.#child.send({ source, files: files.map((file) => join(this.sandbox, file)) });
    const status = await this.#next(limit);
    cpSync(join(this.root, mutant.path), source);
    if (status === 'timeout') this.close();
    return status;
  }

  close() {
    if (this.#child) process.kill(-this.#child.pid, 'SIGKILL');
    this.#child = undefined;
  }

  async #start() {
    const module = fileURLToPath(new URL('runner.mjs', import.meta.url));
    this.#child = fork(module, { cwd: this.sandbox, detached: true, stdio: 'ignore' });
    await this.#next(300);
    return this.#child;
  }

  #next(limit) {
    return new Promise((resolve) => {
      const settle = (status) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (status === 'ended') this.#child = undefined;
        resolve(status === 'ended' ? 'killed' : status);
      };
      const child = this.#child;
      const timer = setTimeout(() => settle('timeout'), 1000 * limit);
      child.on('message', settle).on('exit', () => settle('ended'));
    });
  }
}
