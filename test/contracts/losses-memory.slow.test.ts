import { describeTraining } from './long-training.ts';

describeTraining(200);
