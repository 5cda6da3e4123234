/** Whether somebody can look at the window: it is shown, and whether it has the focus. */
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const events = [[window, 'focus'], [window, 'blur'], [document, 'visibilitychange']] as const;
  for (const [target, name] of events) target.addEventListener(name, update);
  return () => {
    for (const [target, name] of events) target.removeEventListener(name, update);
  };
});

export function isShown(): boolean {
  subscribe();
  return document.visibilityState === 'visible';
}

export function isLookedAt(): boolean {
  return isShown() && document.hasFocus();
}
