/**
 * One socket for all streams. Newest wins: a frame that comes before the last one was drawn takes its place, and the credit
 * of the overtaken one goes back at once. Drawing happens in `requestAnimationFrame`; a hidden page draws nothing and asks
 * for nothing (size 0×0). A closed socket comes back with a fresh token, 200 ms to 5 s later.
 */
import type { FrameSocket } from '../generated/view';
import { FrameFigures, nowMs } from './figures';
import { creditMessage, formatMessage, parseFrame, sizeMessage, type Format, type Frame, type Stream } from './protocol';

/** Shows frames of one stream; `draw` says whether it could. */
export interface FrameSink {
  draw(frame: Frame): boolean;
}

interface Waiting {
  frame: Frame;
  arrivedMs: number;
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5000;

export class FrameClient {
  readonly figures = new FrameFigures();
  readonly #ask: () => Promise<FrameSocket>;
  readonly #sinks = new Map<Stream, FrameSink>();
  readonly #sizes = new Map<Stream, string>();
  readonly #waiting = new Map<Stream, Waiting>();
  #socket: WebSocket | undefined;
  #format: Format;
  #drawing = 0;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(ask: () => Promise<FrameSocket>, format: Format) {
    this.#ask = ask;
    this.#format = format;
  }

  start(first?: FrameSocket): void {
    void this.#connect(first);
  }

  /** The last one to attach to a stream gets its frames. */
  attach(stream: Stream, sink: FrameSink): () => void {
    this.#sinks.set(stream, sink);
    return () => {
      if (this.#sinks.get(stream) !== sink) return;
      this.#sinks.delete(stream);
      this.setSize(stream, 0, 0);
    };
  }

  /** The size at which a stream is shown, in device pixels. */
  setSize(stream: Stream, width: number, height: number): void {
    const message = sizeMessage(stream, width, height);
    if (this.#sizes.get(stream) === message) return;
    this.#sizes.set(stream, message);
    this.#say(message);
  }

  setFormat(format: Format): void {
    if (format === this.#format) return;
    this.#format = format;
    this.#say(formatMessage(format));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    cancelAnimationFrame(this.#drawing);
    this.#socket?.close();
  }

  async #connect(first?: FrameSocket): Promise<void> {
    let place = first;
    try {
      place ??= await this.#ask();
    } catch {
      this.#reconnectLater();
      return;
    }
    if (this.#closed) return;
    const { url, token } = place;
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(token);
      socket.send(formatMessage(this.#format));
      for (const message of this.#sizes.values()) socket.send(message);
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer) this.#receive(event.data);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#waiting.clear();
      this.#reconnectLater();
    };
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #receive(message: ArrayBuffer): void {
    const frame = parseFrame(message);
    if (!frame) {
      this.figures.broken += 1;
      return;
    }
    this.figures.received += 1;
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#waiting.has(frame.stream)) {
      this.figures.overtaken += 1;
      this.#say(creditMessage(frame.stream));
    }
    this.#waiting.set(frame.stream, { frame, arrivedMs: nowMs() });
    if (this.#drawing === 0) this.#drawing = requestAnimationFrame(() => this.#drawAll());
  }

  #drawAll(): void {
    this.#drawing = 0;
    for (const [stream, { frame, arrivedMs }] of this.#waiting) {
      this.#waiting.delete(stream);
      if (this.#sinks.get(stream)?.draw(frame)) {
        const { sequence, handedOverUs } = frame;
        this.figures.add({ stream, sequence, arrivedMs, drawnMs: nowMs(), handedOverUs });
      }
      this.#say(creditMessage(stream));
    }
  }

  #say(message: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }
}
