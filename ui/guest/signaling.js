/**
 * The connection to the server: opens it, keeps it alive, comes back with back-off. What is said over it is the caller's matter.
 */
import { afterClose, drainingMs, waitMs } from './backoff.js';

/** As the protocol's README says. */
const KEEPALIVE_MS = 5000;
/** Keepalives without any answer after which the connection counts as dead. Counted, not timed: hidden pages have slow timers. */
const MAX_UNANSWERED = 2;
const OPEN_TIMEOUT_MS = 10_000;
/** A server may send no more than this. */
const MAX_MESSAGE_CHARS = 64 * 1024;

/** @typedef {{ cmd: string } & Record<string, unknown>} Message */
/**
 * @typedef {object} Listener
 * @property {() => void} onopen the socket is open: say who we are
 * @property {(message: Message) => void} onmessage
 * @property {(failures: number) => void} onlost the connection broke or could not be made; another try follows by itself
 * @property {(reason: 'replaced' | 'never') => void} onend the server wants us no more
 */

export class Signaling {
  #url;
  #listener;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #keepalive;
  #failures = 0;
  #unanswered = 0;
  #stopped = false;

  /**
   * @param {string} url
   * @param {Listener} listener
   */
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
  }

  /** Connects now, whatever the back-off says. Does nothing while a connection is open. */
  connect() {
    if (this.#stopped || this.#socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.#timer);
    this.#drop();
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lose(socket, 1006), OPEN_TIMEOUT_MS);
    socket.onopen = () => this.#open(socket);
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => this.#lose(socket, event.code);
  }

  /**
   * Sends a message; false if there is no connection.
   *
   * @param {Message} message
   */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends it for good. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  /** @param {WebSocket} socket */
  #open(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    this.#unanswered = 0;
    this.#keepalive = setInterval(() => this.#tick(socket), KEEPALIVE_MS);
    this.#listener.onopen();
  }

  /** @param {WebSocket} socket */
  #tick(socket) {
    if (this.#unanswered >= MAX_UNANSWERED) {
      this.#lose(socket, 1006);
      return;
    }
    this.#unanswered += 1;
    this.send({ cmd: 'keepalive' });
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} data
   */
  #receive(socket, data) {
    if (socket !== this.#socket || typeof data !== 'string' || data.length > MAX_MESSAGE_CHARS) return;
    this.#unanswered = 0;
    this.#failures = 0;
    const message = parse(data);
    if (message !== null) this.#listener.onmessage(message);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #lose(socket, code) {
    if (socket !== this.#socket || this.#stopped) return;
    this.#drop();
    clearTimeout(this.#timer);
    const next = afterClose(code);
    if (next === 'replaced' || next === 'never') {
      this.#stopped = true;
      this.#listener.onend(next);
      return;
    }
    this.#failures += 1;
    const random = Math.random();
    this.#timer = setTimeout(() => this.connect(), next === 'draining' ? drainingMs(random) : waitMs(this.#failures, random));
    this.#listener.onlost(this.#failures);
  }

  /** Lets the socket go; nothing it still says counts. */
  #drop() {
    clearInterval(this.#keepalive);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/**
 * A message of the server, if it is one.
 *
 * @param {string} text
 * @returns {Message | null}
 */
export function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && typeof value.cmd === 'string' ? value : null;
  } catch {
    return null;
  }
}
