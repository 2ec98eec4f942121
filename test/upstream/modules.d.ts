/** The part of Jasmine that runs TensorFlow.js's tests. */
declare module 'jasmine-core/lib/jasmine-core/jasmine.js' {
  export interface SpecResult {
    readonly fullName: string;
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
    readonly failedExpectations: readonly { readonly message: string }[];
  }

  export interface Runner {
    configure(settings: { random: boolean; specFilter: (spec: { getFullName(): string }) => boolean }): void;
    addReporter(reporter: { specDone(result: SpecResult): void }): void;
    execute(): Promise<{ readonly failedExpectations: readonly { readonly message: string }[] }>;
  }

  interface Jasmine {
    getEnv(settings: { suppressLoadErrors: boolean }): Runner;
  }

  const jasmineRequire: {
    core(self: unknown): Jasmine;
    interface(jasmine: Jasmine, runner: Runner): object;
  };
  export default jasmineRequire;
}

/** What test/upstream/bundle.ts puts in its place: imports of the test files of `@tensorflow/tfjs-core`. */
declare module 'virtual:tfjs-tests' {}
