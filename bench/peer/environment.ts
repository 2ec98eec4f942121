/** What tunes a BLAS for another processor, and so slows it down: no process of the benchmarks sees it. */
const DROPPED = ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'];

/** The environment of every process that is started. */
export function cleanEnvironment(
  given: NodeJS.ProcessEnv = process.env,
  added: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const kept = Object.entries(given).filter(([name]) => !DROPPED.includes(name.toUpperCase()));
  return { ...Object.fromEntries(kept), ...added };
}
