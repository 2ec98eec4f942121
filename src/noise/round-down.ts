/**
 * Factor that brings a positive float64 result below the exact one: 1 − 2⁻⁴⁶.
 *
 * It pays for up to a hundred roundings of 2⁻⁵³, so for a few operations and elementary functions good to several units of last place.
 * @internal
 */
export const ROUND_DOWN: number = 1 - 2 ** -46;
