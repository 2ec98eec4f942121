import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js';

const jasmine = jasmineRequire.core(jasmineRequire);

/** Jasmine's runner. */
export const runner = jasmine.getEnv({ suppressLoadErrors: true });

// The tests call `describe`, `it`, ... as globals while they are loaded, so this module comes before them.
Object.assign(globalThis, { jasmine }, jasmineRequire.interface(jasmine, runner));
