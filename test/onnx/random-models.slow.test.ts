import { describeRandomModels } from './random-models-suite.ts';

describeRandomModels(40);
