import { vi } from 'vitest';

vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);

await import('./algebra.property.test.ts');
await import('./fallbacks.test.ts');
await import('./special-values.test.ts');
