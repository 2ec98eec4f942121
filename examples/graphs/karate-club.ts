/**
 * The karate club of W. W. Zachary, "An Information Flow Model for Conflict and Fission in Small Groups", Journal of Anthropological Research 33 (1977),
 * 452-473: who of 34 members met whom outside the club (78 pairs), and whom they followed when it split.
 */

/** Of each member the later ones that he met. */
const laterFriends: readonly (readonly number[])[] = [
  [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31],
  [2, 3, 7, 13, 17, 19, 21, 30],
  [3, 7, 8, 9, 13, 27, 28, 32],
  [7, 12, 13],
  [6, 10],
  [6, 10, 16],
  [16],
  [],
  [30, 32, 33],
  [33],
  [],
  [],
  [],
  [33],
  [32, 33],
  [32, 33],
  [],
  [],
  [32, 33],
  [33],
  [32, 33],
  [],
  [32, 33],
  [25, 27, 29, 32, 33],
  [25, 27, 31],
  [31],
  [29, 33],
  [33],
  [31, 33],
  [32, 33],
  [32, 33],
  [32, 33],
  [33],
  [],
];

/** Number of members. */
export const MEMBERS = 34;

/** Pairs of members who met. */
export const friendships: readonly (readonly [number, number])[] = laterFriends.flatMap((others, member) =>
  others.map((other) => [member, other] as const),
);

const withInstructor = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21]);

/** 0 for those who followed the instructor (member 0), 1 for those who stayed with the president (member 33). */
export const sides: readonly number[] = laterFriends.map((_, member) => (withInstructor.has(member) ? 0 : 1));
