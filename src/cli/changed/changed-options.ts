/** What a run keeps for a changed model. @internal */
export const keepOptions = {
  keepVotes: {
    flags: '--keep-votes <count>',
    help: 'keep so many of the first votes of an image one by one in the log, from which --from-log certifies a changed model',
    kind: 'count',
  },
} as const;

/** A changed model, certified from the log of the old one. @internal */
export const changedOptions = {
  fromLog: {
    flags: '--from-log <file>',
    help: 'the log of the old model, with its votes (--keep-votes): certify the changed --model from it. Noise, seed and input range are those of the log',
  },
  alphaZeta: {
    flags: '--alpha-zeta <number>',
    help: 'allowed probability that more votes were lost than the bound says: it adds to the alpha of the log',
    kind: 'number',
  },
  until: { flags: '--until <radius>', help: 'stop an image once this radius is proven', kind: 'number' },
} as const;
