/** Rows of a product that are held in registers at a time: 8 accumulators, 2 for b, 1 for a, of 16 registers. @internal */
export const TILE_ROWS = 4;
/** Columns of a product that are held in registers at a time. @internal */
export const TILE_COLUMNS = 8;
