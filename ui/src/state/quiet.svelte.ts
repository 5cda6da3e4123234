/**
 * When controls and chips fade: after 3 s without pointer or key, and never while something holds them (a menu, a panel,
 * focus inside, talking while muted, a state other than connected, or the setting).
 */
const IDLE_MS = 3000;

export class Quiet {
  #idle = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #held: () => boolean;

  constructor(held: () => boolean) {
    this.#held = held;
  }

  get on(): boolean {
    return this.#idle && !this.#held();
  }

  /** Pointer moved, key pressed, focus came. */
  readonly stir = (): void => {
    this.#idle = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#idle = true), IDLE_MS);
  };

  stop(): void {
    clearTimeout(this.#timer);
  }
}
