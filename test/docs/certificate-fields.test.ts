import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { certificateFields } from '../../src/smoothed/certificate-fields.ts';

const guide = new URL('../../docs/guide/checking-certificates.md', import.meta.url);

it('the guide on checking certificates has the table of the code, field by field', () => {
  const rows = readFileSync(guide, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter((cells) => cells.length === 5);
  const table = Object.entries(certificateFields).map(([name, { hard, soft, deterministic, by }]) => [
    `\`${name}\``,
    ...[hard, soft, deterministic, by],
  ]);
  expect(rows).toEqual(table);
});
