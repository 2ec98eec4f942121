import { describeTraining } from './long-training.ts';

// losses-memory.slow.test.ts trains for longer.
describeTraining(40);
