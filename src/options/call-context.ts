/** What a function of the library says of a call that it makes for its own caller. @internal */
export interface CallContext {
  /** The public call that error texts name. */
  readonly call: string;
  /** Options that it has taken out before, which the text about an unknown option lists too. */
  readonly known: readonly string[];
  /** Calls with the same object are one run: a classifier is looked at in the first of them only. */
  readonly run: object;
  /** False for a run that goes on with one in which layers models voted as they are. */
  readonly inferenceForm?: boolean | undefined;
  /** Votes of the selection sample of a certificate, drawn before by the key of that certificate. */
  readonly selection?: readonly number[] | undefined;
  /** Told by `sampleCounts` whether the inference form of the models voted. */
  readonly onForm?: ((inferenceForm: boolean) => void) | undefined;
}

const CONTEXT: unique symbol = Symbol('what the call is made for');

/** A copy of options that carries a context, where nobody who lists their names sees it. @internal */
export function withContext<Options extends object>(options: Options, context: Partial<CallContext>): Options {
  return Object.defineProperty({ ...options }, CONTEXT, { value: context });
}

/** The context of given options: what they carry, and else a run of its own under the name of this call. @internal */
export function contextOf(options: object | undefined, call: string): CallContext {
  const context = (options as { readonly [CONTEXT]?: Partial<CallContext> } | null | undefined)?.[CONTEXT];
  return { call, known: [], run: {}, ...context };
}
