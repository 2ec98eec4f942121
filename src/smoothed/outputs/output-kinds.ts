import { centerKind } from '../center/center-kind.ts';
import { incrementalKind } from '../incremental/incremental-kind.ts';
import { scoreKind } from '../confidence/score-kind.ts';
import { multiLabelKind } from '../multilabel/multi-label-kind.ts';
import { conformalKind } from '../conformal/conformal-kind.ts';
import { regressionKind } from '../regression/regression-kind.ts';
import { agreedKind } from '../routed/agreed-kind.ts';
import { cascadeKind } from '../routed/cascade-kind.ts';
import { routedKind } from '../routed/routed-kind.ts';
import { segmentationKind } from '../segmentation/segmentation-kind.ts';
import type { OutputKind } from './output-kind.ts';
import type { OutputTask } from './types.ts';

/** The tasks by name; each has an entry. @internal */
export const outputKinds: { readonly [T in OutputTask]: OutputKind<never> } = {
  regression: regressionKind,
  center: centerKind,
  confidence: scoreKind,
  segmentation: segmentationKind,
  multilabel: multiLabelKind,
  conformal: conformalKind,
  incremental: incrementalKind,
  routed: routedKind,
  agreed: agreedKind,
  cascade: cascadeKind,
};
