import { testGuards } from './guard.ts';

testGuards();
