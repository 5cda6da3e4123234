/** The texts of a call: who wrote what, and whether it arrived. Pure; kept only as long as the page. */

/** As the protocol's limits say. */
const MAX_TEXT_BYTES = 4096;
/** Older ones go: the other side may write without end. */
const MAX_TEXTS = 500;

/** @typedef {'sending' | 'delivered' | 'failed' | 'received'} TextState */
/** @typedef {{ id: string, mine: boolean, name: string, content: string, time: Date | null, state: TextState }} Text */

export class Chat {
  /** @type {Text[]} */
  texts = [];
  unread = 0;

  /**
   * A text of ours, about to be sent.
   *
   * @param {string} id
   * @param {string} content
   */
  write(id, content) {
    this.#add({ id, mine: true, name: '', content, time: null, state: 'sending' });
  }

  /**
   * A text of the other.
   *
   * @param {{ name: unknown, content: unknown, time: unknown }} message
   * @param {boolean} seen the texts are on the screen
   */
  receive(message, seen) {
    if (typeof message.content !== 'string' || message.content === '') return;
    const name = typeof message.name === 'string' ? message.name : '';
    const time = typeof message.time === 'string' ? new Date(message.time) : new Date(NaN);
    this.#add({ id: '', mine: false, name, content: message.content, time: Number.isNaN(time.getTime()) ? null : time, state: 'received' });
    if (!seen) this.unread += 1;
  }

  /**
   * @param {unknown} id
   * @param {'delivered' | 'failed'} state
   */
  settle(id, state) {
    const text = this.texts.find((one) => one.mine && one.id === id && one.state === 'sending');
    if (text !== undefined) text.state = state;
  }

  /** What was on its way when the connection broke may not have arrived. */
  failSending() {
    for (const text of this.texts) if (text.state === 'sending') text.state = 'failed';
  }

  /** @param {Text} text */
  #add(text) {
    this.texts.push(text);
    if (this.texts.length > MAX_TEXTS) this.texts.shift();
  }
}

/**
 * Whether a text may be sent: not empty, and not over the protocol's size.
 *
 * @param {string} content
 */
export function maySend(content) {
  return content.trim() !== '' && new TextEncoder().encode(content).length <= MAX_TEXT_BYTES;
}
