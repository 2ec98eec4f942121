/** Lets a worker thread of Node 20 load TypeScript files: they do not inherit that from the main thread. */
import { register } from 'tsx/esm/api';

register();
