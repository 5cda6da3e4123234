/** Numbers and times as people read them, in the language of the page. */
import { locale, t } from './i18n.svelte';

/** `24:18`, `1:08:02`: the call timer. */
export function clockTime(durationMs: number): string {
  const total = Math.max(0, Math.floor(durationMs / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

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

/** Up to two letters for an avatar; a Chinese name gives its first character. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/).filter((part) => part !== '');
  const first = [...(parts[0] ?? '')][0] ?? '';
  if (first === '') return '?';
  if (/\p{Script=Han}/u.test(first) || parts.length === 1) return first.toLocaleUpperCase();
  return (first + ([...(parts.at(-1) ?? '')][0] ?? '')).toLocaleUpperCase();
}

/** The same name has the same tint everywhere. */
export function tint(name: string): '' | 'b' | 'c' | 'd' {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return (['', 'b', 'c', 'd'] as const)[sum % 4] ?? '';
}

/** −60 dBFS and less is nothing, 0 is full. */
export const levelRatio = (dbfs: number): number => Math.min(1, Math.max(0, (dbfs + 60) / 60));

function dayNumber(date: Date): number {
  return Math.round(new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / 86_400_000);
}
