/**
 * Candidates that cannot go yet: those of the other that came before the description they belong to, and ours before we have
 * sent it. A key (the session, or the ufrag) says to which one they belong.
 */

/** What the protocol lets one side send for a description. */
const MAX_WAITING = 128;

/** @typedef {{ key: string | null, json: string }} Waiting */

export class Waitlist {
  /** @type {Waiting[]} */
  #waiting = [];

  /** @param {Waiting} candidate */
  add(candidate) {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(candidate);
  }

  /**
   * Takes out those that may go now: those of this key, and those that name none.
   *
   * @param {string} key
   * @returns {string[]}
   */
  take(key) {
    const isOf = (/** @type {Waiting} */ candidate) => candidate.key === null || candidate.key === key;
    const taken = this.#waiting.filter(isOf);
    this.#waiting = this.#waiting.filter((candidate) => !isOf(candidate));
    return taken.map(({ json }) => json);
  }

  clear() {
    this.#waiting = [];
  }
}

/**
 * The ufrag of a description (all its sections share one transport); empty if it has none.
 *
 * @param {string | undefined} sdp
 */
export const ufragOf = (sdp) => /^a=ice-ufrag:(\S+)/m.exec(sdp ?? '')?.[1] ?? '';

/**
 * A candidate from a message. Null if it is none; the end of a list is none.
 *
 * @param {unknown} msg
 * @returns {{ ufrag: string | null, init: RTCIceCandidateInit } | null}
 */
export function parseCandidate(msg) {
  if (typeof msg !== 'string' || msg === '') return null;
  try {
    const init = JSON.parse(msg);
    if (typeof init !== 'object' || init === null || typeof init.candidate !== 'string' || init.candidate === '') return null;
    const named = typeof init.usernameFragment === 'string' ? init.usernameFragment : /\bufrag (\S+)/.exec(init.candidate)?.[1];
    return { ufrag: named ?? null, init };
  } catch {
    return null;
  }
}
