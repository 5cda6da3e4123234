/** Numbers and times as people read them, in the language of the page. */
import { locale, t } from './i18n.svelte';

export { clockTime, initials, levelRatio, tint } from './names';

/** `45 s`, `24 min`, `1 h 08 min`: for lists. */
export function roughDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 60) return t('unit.seconds', { seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t('unit.minutes', { minutes });
  return t('unit.hours', { hours: Math.floor(minutes / 60), minutes: String(minutes % 60).padStart(2, '0') });
}

/** `Today, 09:40`, `Mon, 14:00`, `3 Nov`. */
export function whenText(epochMs: number, nowMs: number): string {
  const date = new Date(epochMs);
  const days = dayNumber(new Date(nowMs)) - dayNumber(date);
  const time = timeText(epochMs);
  const separator = locale() === 'zh-CN' ? ' ' : ', ';
  if (days < 2) {
    const word = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(-Math.max(0, days), 'day');
    return `${word.charAt(0).toLocaleUpperCase(locale())}${word.slice(1)}${separator}${time}`;
  }
  if (days < 7) return `${new Intl.DateTimeFormat(locale(), { weekday: 'short' }).format(date)}${separator}${time}`;
  return new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short' }).format(date);
}

/** `09:52`: beside a text. */
export function timeText(epochMs: number): string {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(epochMs));
}

export function bitrate(bps: number): string {
  if (bps >= 1_000_000) return t('unit.mbps', { value: number(bps / 1_000_000, 1) });
  return t('unit.kbps', { value: number(bps / 1000, 0) });
}

export const milliseconds = (ms: number): string => t('unit.ms', { value: number(ms, 0) });
export const percent = (ratio: number): string => t('unit.percent', { value: number(ratio * 100, 1) });

export function number(value: number, digits: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}

function dayNumber(date: Date): number {
  return Math.round(new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / 86_400_000);
}
