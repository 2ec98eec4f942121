import { setTestEnvs, type TestEnv } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { runner } from './jasmine.ts';

/** What a test of TensorFlow.js said: it passed if there is no message. */
export interface SpecReport {
  readonly name: string;
  readonly messages: readonly string[];
}

/** A backend as TensorFlow.js's tests know it. */
export type Environment = Omit<TestEnv, 'name'>;

const NAME = 'here';
const LONGEST_MESSAGE = 300;

/** Says on which backend the tests run. They are made for it while they are loaded, so this comes before. */
export function defineTestsOn(environment: Environment): void {
  setTestEnvs([{ ...environment, name: NAME }]);
}

/** Runs all tests that are loaded, in their order, but not those named in `without`. Those that exclude themselves are left out. */
export async function runSpecs({ flags = {} }: Environment, without: readonly string[] = []): Promise<SpecReport[]> {
  const reports: SpecReport[] = [];
  const sameName = new Map<string, number>();
  const suffix = ` ${NAME} ${JSON.stringify(flags)}`;
  runner.configure({
    random: false,
    specFilter: (spec) => !without.includes(spec.getFullName().replace(suffix, '')),
  });
  runner.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      if (status === 'pending' || status === 'excluded') return;
      const plain = fullName.replace(suffix, '');
      const count = (sameName.get(plain) ?? 0) + 1;
      sameName.set(plain, count);
      const messages = failedExpectations.map(({ message }) => message.slice(0, LONGEST_MESSAGE));
      reports.push({ name: count === 1 ? plain : `${plain} (${count})`, messages });
    },
  });
  const { failedExpectations } = await runner.execute();
  if (failedExpectations.length > 0) throw new Error(`outside the tests: ${failedExpectations[0]!.message}`);
  return reports;
}
