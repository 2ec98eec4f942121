/**
 * How a task hears from the page and speaks to it.
 */
export interface Control<P> {
  /** Aborted when the result is no longer wanted. */
  readonly signal: AbortSignal;
  /** True once a person asked to end here: the task finishes with what it has. */
  readonly isStopped: () => boolean;
  readonly report: (progress: P) => void;
}
