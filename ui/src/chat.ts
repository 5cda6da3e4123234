/** What the chat panel shows of its messages. Pure. */
import type { ChatView, MessageView } from './generated/view';

/** The protocol's limit, in bytes of UTF-8. */
export const MAX_BYTES = 4096;
/** From here on the counter shows. */
const NEAR_BYTES = 3584;

const encoder = new TextEncoder();

/** Bytes left in a text, null while there are plenty. */
export function bytesLeft(text: string): number | null {
  // A text of a quarter of the limit cannot be near it, whatever its letters.
  if (text.length * 4 < NEAR_BYTES) return null;
  const bytes = encoder.encode(text.trim()).length;
  return bytes < NEAR_BYTES ? null : MAX_BYTES - bytes;
}

export interface Group {
  mine: boolean;
  timeMs: number;
  messages: MessageView[];
}

const MINUTE_MS = 60_000;

/** Messages of one person in one minute stand under one line with the name and the time. */
export function groups(messages: readonly MessageView[]): Group[] {
  const found: Group[] = [];
  for (const message of messages) {
    const mine = message.state.kind !== 'received';
    const last = found.at(-1);
    if (last && last.mine === mine && Math.floor(last.timeMs / MINUTE_MS) === Math.floor(message.timeMs / MINUTE_MS)) last.messages.push(message);
    else found.push({ mine, timeMs: message.timeMs, messages: [message] });
  }
  return found;
}

/** The last message of theirs that came since `before`, for readers. */
export function arrived(before: ChatView | null, after: ChatView | null): string | null {
  if (!after || before?.uid !== after.uid) return null;
  const known = new Set(before.messages.map(({ id }) => id));
  const fresh = after.messages.filter(({ id, state }) => !known.has(id) && state.kind === 'received');
  return fresh.at(-1)?.text ?? null;
}
