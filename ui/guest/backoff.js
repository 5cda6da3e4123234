/** When to come back to the server. Pure; `random` is 0 up to 1. */

const FIRST_MS = 500;
const LONGEST_MS = 8000;
/** Over this time all come back to a server that has stopped, as the application does. */
const DRAINING_MS = 5000;

/**
 * The wait before the next try: doubled each time, and half of it by chance, so that not all come back at once.
 *
 * @param {number} failures since the last connection that worked, from 1
 * @param {number} random
 */
export function waitMs(failures, random) {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return whole / 2 + (whole / 2) * random;
}

/**
 * The wait after the server said that it is about to stop, which it says to all at the same moment.
 *
 * @param {number} random
 */
export const drainingMs = (random) => DRAINING_MS * random;

/**
 * Whether the protocol lets a client come back after this close code.
 *
 * @param {number} code
 * @returns {'again' | 'draining' | 'replaced' | 'never'}
 */
export function afterClose(code) {
  switch (code) {
    case 4003:
      return 'replaced';
    case 4010:
      return 'draining';
    case 1002:
    case 1003:
    case 1007:
    case 1009:
    case 4001:
      return 'never';
    default:
      return 'again';
  }
}
