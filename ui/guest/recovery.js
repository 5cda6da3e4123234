/**
 * The clocks of a call: how long meeting may take, and the search for another path while one is lost. It decides when; the call
 * says what.
 */

/** As long as the server keeps a place. */
export const RECONNECT_LIMIT_MS = 120_000;
/** From a lost path to the search for another: the impolite side first, so that the two rarely meet. */
const RESTART_MS = { impolite: 1000, polite: 4000 };
const RESTART_AGAIN_MS = 10_000;
/** From meeting somebody to media; a direct path takes a second, a relay three. */
const CONNECT_LIMIT_MS = 40_000;

/**
 * @typedef {object} Steps
 * @property {() => boolean} canReach the server is there, and so is the other
 * @property {() => void} restart look for another path
 * @property {(failure: 'connectionFailed' | 'reconnectTimedOut') => void} giveUp
 */

export class Recovery {
  #steps;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restart;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;

  /** @param {Steps} steps */
  constructor(steps) {
    this.#steps = steps;
  }

  /** Somebody was met. Who is away cannot answer: then the time begins again. */
  limitConnecting() {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      if (this.#steps.canReach()) this.#steps.giveUp('connectionFailed');
      else this.limitConnecting();
    }, CONNECT_LIMIT_MS);
  }

  /**
   * The path is lost.
   *
   * @param {boolean} isPolite
   * @param {number | null} since `Date.now()` of the loss; null if there never was a path
   */
  search(isPolite, since) {
    this.#searchIn(isPolite ? RESTART_MS.polite : RESTART_MS.impolite, since);
  }

  /**
   * Both can be reached again.
   *
   * @param {boolean} isPolite
   * @param {number | null} since
   */
  searchNow(isPolite, since) {
    this.#searchIn(isPolite ? RESTART_MS.polite : 0, since);
  }

  /** There is a path, or no call. */
  stop() {
    clearTimeout(this.#restart);
    clearTimeout(this.#limit);
  }

  /**
   * @param {number} delayMs
   * @param {number | null} since
   */
  #searchIn(delayMs, since) {
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => {
      if (since !== null && Date.now() - since >= RECONNECT_LIMIT_MS) {
        this.#steps.giveUp('reconnectTimedOut');
        return;
      }
      // Without the server, or without the other, a restart would throw the old path away for nothing.
      if (this.#steps.canReach()) this.#steps.restart();
      this.#searchIn(RESTART_AGAIN_MS, since);
    }, delayMs);
  }
}
