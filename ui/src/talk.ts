/**
 * Hold Space: talk when muted, mute when live. A hold under 200 ms does nothing, so that a stray press mutes nobody.
 * Pure: time comes in with each call.
 */
export const HOLD_MS = 200;

export type Talk = { kind: 'idle' } | { kind: 'pressed'; sinceMs: number } | { kind: 'holding'; restore: boolean };

export interface Step {
  talk: Talk;
  /** What to set the microphone to; null leaves it. */
  microphone: boolean | null;
}

export function press(talk: Talk, nowMs: number): Step {
  return talk.kind === 'idle' ? { talk: { kind: 'pressed', sinceMs: nowMs }, microphone: null } : { talk, microphone: null };
}

/** Called when the hold time has run out. */
export function held(talk: Talk, nowMs: number, microphoneOn: boolean): Step {
  if (talk.kind !== 'pressed' || nowMs - talk.sinceMs < HOLD_MS) return { talk, microphone: null };
  return { talk: { kind: 'holding', restore: microphoneOn }, microphone: !microphoneOn };
}

/** The key went up, or the window lost the focus. */
export function release(talk: Talk): Step {
  return { talk: { kind: 'idle' }, microphone: talk.kind === 'holding' ? talk.restore : null };
}
