/** The picker of screens and windows: open or not, and for what. */
import { backend, send } from '../backend';
import { view } from './app.svelte';

/** In the call, or on the display that shows this code. */
export type Goal = { kind: 'call' } | { kind: 'display'; code: string };

class Picker {
  goal = $state.raw<Goal | null>(null);
  /** The code of a display is being typed. */
  entry = $state(false);
}

export const picker = new Picker();

/** S and the button: what is shown stops at once, and what is not is confirmed first. */
export function toggleShare(): void {
  if (view().share !== null) send(backend().share(null, ''));
  else if (view().call.kind === 'connected') picker.goal = { kind: 'call' };
}
