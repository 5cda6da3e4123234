/** Theme, text size, motion and contrast, set on the root element: tokens.css does the rest. */
import type { Settings } from '../generated/view';
import { locale } from '../i18n.svelte';

/** What both windows know of the settings. */
export type Appearance = Pick<Settings, 'theme' | 'textPercent' | 'reduceMotion' | 'moreContrast'>;

export function applyAppearance(settings: Appearance): void {
  const root = document.documentElement;
  root.lang = locale();
  setOrRemove(root, 'theme', settings.theme === 'system' ? null : settings.theme);
  setOrRemove(root, 'motion', settings.reduceMotion ? 'reduced' : null);
  setOrRemove(root, 'contrast', settings.moreContrast ? 'more' : null);
  root.style.setProperty('--text-scale', String(Math.min(140, Math.max(100, settings.textPercent)) / 100));
}

function setOrRemove(root: HTMLElement, name: string, value: string | null): void {
  if (value === null) delete root.dataset[name];
  else root.dataset[name] = value;
}
