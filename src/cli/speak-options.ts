/** Names of the library for what has another name on the command line. */
const OTHER_NAMES: Readonly<Record<string, string>> = { key: 'seed', file: 'out', noise: 'sigma' };

/**
 * Says an error of the library in the options of a command: `batchSize` becomes --batch-size, `recheck: false` --no-recheck. What is no
 * option of the command stays as it is.
 * @internal
 */
export function speakOptions(text: string, known: ReadonlySet<string>): string {
  const option = (name: string): string | undefined =>
    [kebab(name), OTHER_NAMES[name] ?? ''].map((long) => `--${long}`).find((long) => known.has(long));
  return text
    .replace(/`(\w+): false`/g, (all, name: string) => (known.has(`--no-${kebab(name)}`) ? `--no-${kebab(name)}` : all))
    .replace(/`?\b(\w+): '(\w+)'`?/g, (all, name: string, value: string) => {
      const long = option(name);
      return long === undefined ? all : `${long} ${value}`;
    })
    .replace(/`(\w+)`/g, (all, name: string) => option(name) ?? all);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
