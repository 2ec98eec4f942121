// For each object the end of its line. It is a cache and no state that anybody could observe: an object that nobody else holds takes its
// line with it, and two lines of one object would be none.
const lines = new WeakMap<object, Promise<unknown>>();

/**
 * Does `work` at an object of the host once all earlier works at it are settled, however they ended.
 *
 * The line belongs to the object itself, so that all who were given the same one share it: two smoothed classifiers over one classifier, two
 * runs over one data set. A work that waits in turn for the object it is at would wait for ever.
 * @internal
 */
export function inTurn<T>(object: object, work: () => T | Promise<T>): Promise<T> {
  const before = lines.get(object) ?? Promise.resolve();
  const result = before.then(work);
  const settled = result.then(nothing, nothing);
  lines.set(object, settled);
  return result;
}

function nothing(): void {
  // Whoever asked for the work hears how it ended; those behind it only that it did.
}
