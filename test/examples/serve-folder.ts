import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** A folder behind a plain web server on the loopback device. */
export interface ServedFolder {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Serves a folder under a path; every answer, those to workers included, carries the content security policy. */
export async function serveFolder(folder: string, path: string, policy: string): Promise<ServedFolder> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = normalize(pathname.slice(path.length)).replace(/^(\.\.(\/|$))+/, '') || 'index.html';
    const file = join(folder, name === '.' || name === '/' ? 'index.html' : name);
    const fail = (): void => void response.writeHead(404).end();
    if (!pathname.startsWith(path)) return fail();
    readFile(file).then((bytes) => {
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(bytes);
    }, fail);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
