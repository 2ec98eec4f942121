// Files that share a process also share TensorFlow.js: each begins on the backend that a fresh process has.
import * as tf from '@tensorflow/tfjs';
import { beforeAll } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));
