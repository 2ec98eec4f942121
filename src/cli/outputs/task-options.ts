/** Which task. @internal */
export const taskOption = {
  task: {
    flags: '--task <name>',
    help: 'what is certified of each input',
    choices: ['class', 'regression', 'boxes', 'segmentation', 'conformal', 'center', 'multilabel', 'confidence'],
    fallback: 'class',
  },
} as const;

/** What is certified of each input, other than its class. @internal */
export type OutputTaskName = Exclude<(typeof taskOption.task.choices)[number], 'class'>;

/** The options of the tasks: which has which, `TASKS` says. @internal */
export const outputOptions = {
  outputs: {
    flags: '--outputs <count>',
    help: 'regression: numbers in a row of the model (default: as many as it returns)',
    kind: 'positive',
  },
  percentile: {
    flags: '--percentile <number>',
    help: 'regression, boxes: which percentile under noise is the answer (0.5)',
    kind: 'number',
  },
  outputRange: {
    flags: '--output-range <low,high>',
    help: 'regression: between which values all outputs lie; trusted',
    kind: 'range',
  },
  sides: {
    flags: '--sides <name>',
    help: 'regression, confidence: which ends are bounded (regression both, confidence lower)',
    choices: ['both', 'lower', 'upper'],
  },
  low: {
    flags: '--low <list>',
    help: 'regression: in place of --radius, find the radius within which outputs are at least this: a number, or one an output',
    kind: 'numbers',
  },
  high: { flags: '--high <list>', help: 'regression: the same, and at most this', kind: 'numbers' },
  slots: {
    flags: '--slots <count>',
    help: 'boxes: places for the boxes of an input, the same number for each bin; each is 6 numbers',
    kind: 'positive',
  },
  bins: {
    flags: '--bins <name>',
    help: 'boxes: which boxes share places; by label needs --box-labels, by cell --cells (none)',
    choices: ['none', 'label', 'cell', 'label-and-cell'],
  },
  cells: {
    flags: '--cells <rows,columns>',
    help: 'boxes: the grid in whose cells the centers of boxes lie, for --bins cell',
    kind: 'numbers',
  },
  sort: {
    flags: '--sort <name>',
    help: 'boxes: which box of a bin has the first place (score)',
    choices: ['score', 'center'],
  },
  boxLabels: {
    flags: '--box-labels <count|list>',
    help: 'boxes: how many labels there are, or a list of those that are looked at (all)',
    kind: 'numbers',
  },
  scoreThreshold: {
    flags: '--score-threshold <number>',
    help: 'boxes: one with this score or a lower one is none (0)',
    kind: 'number',
  },
  overlap: {
    flags: '--overlap <number>',
    help: 'boxes: greatest overlap of two of one label, for detectors that leave overlapping ones',
    kind: 'number',
  },
  beyond: {
    flags: '--beyond',
    help: 'boxes: a further number of each row says whether a box found no place, which bounds how many there are',
  },
  boxFormat: {
    flags: '--box-format <name>',
    help: 'boxes: what four numbers of the detector are (default: by its outputs)',
    choices: ['xyxy', 'yxyx', 'xywh', 'cxcywh'],
  },
  boxUnits: {
    flags: '--box-units <name>',
    help: 'boxes: pixels, or shares of width and height (default: by its outputs)',
    choices: ['pixels', 'normalized'],
  },
  head: {
    flags: '--head <name>',
    help: 'boxes: what the outputs hold: boxes, scores and labels apart, or one output (default: by the outputs)',
    choices: ['boxes', 'yolov8', 'yolov5', 'rows'],
  },
  activation: {
    flags: '--activation <name>',
    help: 'boxes: what makes probabilities of scores for each label (none)',
    choices: ['none', 'sigmoid', 'softmax'],
  },
  background: {
    flags: '--background <place>',
    help: 'boxes: which of the scores for each label says that there is no box (none)',
    choices: ['none', 'first', 'last'],
  },
  boxesOutput: { flags: '--boxes-output <name>', help: 'boxes: output that holds them (default: by its name)' },
  scoresOutput: { flags: '--scores-output <name>', help: 'boxes: output that holds the scores (default: by its name)' },
  labelsOutput: { flags: '--labels-output <name>', help: 'boxes: output that holds the labels (default: by its name)' },
  numClasses: { flags: '--num-classes <count>', help: 'segmentation: classes of the model', kind: 'positive' },
  logitsLayout: {
    flags: '--logits-layout <order>',
    help: 'segmentation: where the classes are in the output, on the last axis (nhwc) or the first (nchw) (nhwc)',
    choices: ['nhwc', 'nchw'],
  },
  maskThreshold: {
    flags: '--mask-threshold <number>',
    help: 'segmentation: of a model with one channel, above it a pixel is of class 1 (default: a logit for each class)',
    kind: 'number',
  },
  tau: {
    flags: '--tau <number>',
    help: 'segmentation: the probability that a label has to exceed, which gives the radius (0.75)',
    kind: 'number',
  },
  correction: {
    flags: '--correction <name>',
    help: 'segmentation: how alpha is shared among the pixels (holm)',
    choices: ['holm', 'bonferroni', 'k-fwer'],
  },
  allowedErrors: {
    flags: '--allowed-errors <count>',
    help: 'segmentation: with --correction k-fwer so many labels may be false (0)',
    kind: 'count',
  },
  componentRadii: {
    flags: '--component-radii',
    help: 'segmentation: a radius for each pixel, as far as its votes go, in place of one for all by --tau',
  },
  delta: {
    flags: '--delta <number>',
    help: 'center: the ball of a center holds more than 1/2 - delta of the outputs (0.05); conformal: coverage for this very calibration, with probability 1 - delta (default: on average over calibrations)',
    kind: 'number',
  },
  distance: {
    flags: '--distance <name>',
    help: 'center: how far two outputs are from each other (euclidean)',
    choices: ['euclidean', 'manhattan', 'chebyshev', 'angular', 'hamming', 'jaccard'],
  },
  candidates: {
    flags: '--candidates <count|samples>',
    help: 'center: how many draws of their own may be the center (30), or the samples themselves',
    kind: 'countOrFile',
  },
  centerN: {
    flags: '--center-n <count>',
    help: 'center: samples that choose it, and that check it (5000)',
    kind: 'positive',
  },
  centerAlpha: {
    flags: '--center-alpha <number>',
    help: 'center: allowed probability of a wrong answer, beside that of a wrong certificate (0.001)',
    kind: 'number',
  },
  calibration: {
    flags: '--calibration <first:last|count|file>',
    help: 'conformal: the inputs of the data that set the threshold, which are not certified, or a file of --sets',
  },
  sets: { flags: '--sets <file.json>', help: 'conformal: write the calibration, for later runs and programs' },
  draws: {
    flags: '--draws <count>',
    help: 'conformal: most draws of each set, and the draws of each input of the calibration (1)',
    kind: 'positive',
  },
  calibrationDraws: {
    flags: '--calibration-draws <count>',
    help: 'conformal: draws of each input of the calibration (--draws)',
    kind: 'positive',
  },
  orderStatistic: {
    flags: '--order-statistic <count>',
    help: 'conformal: with --draws which of the scores of an input of the calibration counts, from the smallest (0.9 of them)',
    kind: 'positive',
  },
  top: {
    flags: '--top <count>',
    help: 'multilabel: labels stay among so many most probable ones',
    kind: 'positive',
  },
  labelsPerPass: {
    flags: '--labels-per-pass <count>',
    help: 'multilabel: a pass has so many labels, those with the largest numbers',
    kind: 'positive',
  },
  labelThreshold: {
    flags: '--label-threshold <list>',
    help: 'multilabel: a pass has the labels whose number is above this: one, or one a label',
    kind: 'numbers',
  },
  targets: {
    flags: '--targets <count|list>',
    help: 'multilabel: how many of the labels with most votes are asked about, or which, in a list (--top)',
    kind: 'numbers',
  },
  radii: { flags: '--radii <list>', help: 'confidence: at which radii the mean score is bounded', kind: 'numbers' },
  score: {
    flags: '--score <name>',
    help: 'confidence: the share of the class, or that less the largest other (softmax); conformal: how badly a label fits (aps), residual for numbers',
    choices: ['softmax', 'margin', 'lac', 'aps', 'raps', 'residual'],
  },
  bound: {
    flags: '--bound <name>',
    help: 'confidence: counts at thresholds, the band of all scores, or both at half of alpha (thresholds)',
    choices: ['thresholds', 'band', 'both'],
  },
  thresholds: {
    flags: '--thresholds <count>',
    help: 'confidence: how many quantiles of the first sample are thresholds (20)',
    kind: 'positive',
  },
} as const;

/** The fields of library options that these options stand for, for errors. @internal */
export const outputFieldNames: Readonly<Record<string, string>> = {
  side: 'sides',
  k: 'top',
  'draws.prediction': 'draws',
  'draws.calibration': 'calibrationDraws',
  'draws.orderStatistic': 'orderStatistic',
  threshold: 'labelThreshold',
  'predict.n': 'centerN',
  'predict.check': 'centerN',
  'predict.alpha': 'centerAlpha',
  'predict.candidates': 'candidates',
};
