/** A router that chooses one of several experts. @internal */
export const routedOptions = {
  experts: {
    flags: '--experts <list>',
    help: 'two or more models, comma-separated, of which --model is the router: it has a class for each and chooses one, under noise of --sigma. What else is said of --model is said of all',
  },
  expertSigmas: {
    flags: '--expert-sigmas <list>',
    help: 'with --experts: the standard deviation of the noise of each, in units of the input range',
    kind: 'numbers',
  },
} as const;
