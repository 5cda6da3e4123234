/** What the window of an incoming call may ask of the shell: these four things and nothing else. */
import type { IncomingWindowView } from './generated/view';

export interface IncomingBackend {
  incomingReady(): Promise<IncomingWindowView>;
  answerCall(camera: boolean): Promise<void>;
  declineCall(): Promise<void>;
  silenceCall(): Promise<void>;
}
