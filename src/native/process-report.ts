import process from 'node:process';

/** What the process is, as opposed to one of its threads: a worker has its own copy of `process.env`, which no library sees. */
interface ProcessReport {
  readonly environmentVariables?: Readonly<Record<string, string>>;
  readonly sharedObjects?: readonly string[];
}

/** TensorFlow's library by its file name, on Linux, macOS and Windows. */
const LIBRARY = /(^|[/\\])(lib)?tensorflow[^/\\]*$/;

function report(): ProcessReport {
  return (process.report?.getReport() ?? {}) as ProcessReport;
}

/** Whether this process has loaded TensorFlow, in any of its threads. @internal */
export function hasTensorflow(): boolean {
  return report().sharedObjects?.some((path) => LIBRARY.test(path)) ?? false;
}

/** The environment that a library of this process sees. @internal */
export function realEnvironment(): Readonly<Record<string, string | undefined>> {
  return report().environmentVariables ?? process.env;
}
