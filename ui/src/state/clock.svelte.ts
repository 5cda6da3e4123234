/** The time of day for timers in words, four times a second, only while somebody looks at it. */
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 250);
  return () => clearInterval(timer);
});

export function nowMs(): number {
  subscribe();
  return Date.now();
}
