/** The keys of a call, and Space held to talk. */
import { backend, send } from '../backend';
import { callKey, isTalkKey } from '../keys';
import { held, HOLD_MS, press, release, type Step, type Talk } from '../talk';
import { app, view } from './app.svelte';
import { toggleShare } from './share.svelte';

/** Opens the chat of the call, or closes it. */
export function toggleChat(): void {
  send(view().chat === null ? backend().openChat(null) : backend().closeChat());
}

/** On every screen: what is shown can be stopped. */
export function stopsSharing(event: KeyboardEvent): boolean {
  return callKey(event) === 'share' && app.view != null && app.view.share !== null;
}

export class CallKeys {
  #talk: Talk = { kind: 'idle' };
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly down = (event: KeyboardEvent): void => {
    if (app.keySheetOpen || document.querySelector('dialog[open]')) return;
    if (app.settingsPage !== null && callKey(event) !== 'leave' && !stopsSharing(event)) return;
    if (isTalkKey(event)) {
      event.preventDefault();
      if (event.repeat) return;
      this.#apply(press(this.#talk, performance.now()));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#apply(held(this.#talk, performance.now() + 1, view().microphone.on)), HOLD_MS);
      return;
    }
    switch (callKey(event)) {
      case 'microphone':
        send(backend().setMicrophone(!view().microphone.on));
        break;
      case 'camera':
        send(backend().setCamera(!view().camera.on));
        break;
      case 'share':
        toggleShare();
        break;
      case 'chat':
        toggleChat();
        break;
      case 'statistics':
        send(backend().setStatisticsOpen(view().statistics === null));
        break;
      case 'leave':
        send(backend().leave());
        break;
      case null:
        return;
    }
    event.preventDefault();
  };

  readonly up = (event: KeyboardEvent): void => {
    if (event.key === ' ') this.stop();
  };

  /** Also when the window loses the focus: nobody stays open by accident. */
  readonly stop = (): void => {
    clearTimeout(this.#timer);
    this.#apply(release(this.#talk));
  };

  #apply(step: Step): void {
    this.#talk = step.talk;
    if (step.microphone !== null) send(backend().setMicrophone(step.microphone));
  }
}
