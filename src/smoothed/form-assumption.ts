const PHRASE = 'votes of the inference form (batch normalisation folded into the weights)';

/**
 * What a certificate says where its votes are those of the inference form of its models: the same function in real arithmetic, in float32 with
 * other roundings. Nothing where the models themselves voted.
 *
 * @internal
 */
export function formAssumption(inferenceForm: boolean | undefined): string[] {
  return inferenceForm === true ? [PHRASE] : [];
}

/** Whether a certificate says that the inference form voted. @internal */
export function isOfInferenceForm(assumptions: readonly string[]): boolean {
  return assumptions.includes(PHRASE);
}
