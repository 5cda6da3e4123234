/**
 * Texts that are half written, by the person they are for. They outlive the panel: a call that is taken, a look into the settings or
 * another conversation loses none. In memory alone, as the conversations are.
 */
import { SvelteMap } from 'svelte/reactivity';

/** As many as Rust keeps conversations; the one untouched longest goes. */
const KEPT = 32;

class Drafts {
  readonly #texts = new SvelteMap<string, string>();

  of(uid: string): string {
    return this.#texts.get(uid) ?? '';
  }

  set(uid: string, text: string): void {
    this.#texts.delete(uid);
    if (text !== '') this.#texts.set(uid, text);
    for (const oldest of this.#texts.keys()) {
      if (this.#texts.size <= KEPT) break;
      this.#texts.delete(oldest);
    }
  }

  /** This much was sent; what was typed after it stays. */
  sent(uid: string, text: string): void {
    const now = this.of(uid);
    if (now.startsWith(text)) this.set(uid, now.slice(text.length).trimStart());
  }

  clear(): void {
    this.#texts.clear();
  }
}

export const drafts = new Drafts();
