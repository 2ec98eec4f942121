/** The row of P2 in which a decision saves least; the group `samples` says so too. */
export const hardestRow = { sigma: 0.25, radius: 0.75 } as const;
