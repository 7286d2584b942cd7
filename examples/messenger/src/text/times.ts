/** Times and days as people say them, in the language of the browser. */
import { strings } from './strings.js';

const dayMs = 24 * 60 * 60 * 1000;
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const momentFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const dateFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDateFormat = new Intl.DateTimeFormat(undefined, {
  day: '2-digit',
  month: '2-digit',
  year: '2-digit',
});

function startOfDay(timeMs: number): number {
  return new Date(timeMs).setHours(0, 0, 0, 0);
}

/** Whether two times lie on one day, here. */
export function isSameDay(oneMs: number, otherMs: number): boolean {
  return startOfDay(oneMs) === startOfDay(otherMs);
}

function daysAgo(timeMs: number, nowMs: number): number {
  return Math.round((startOfDay(nowMs) - startOfDay(timeMs)) / dayMs);
}

/** Such as 14:05. */
export function timeText(timeMs: number): string {
  return timeFormat.format(timeMs);
}

/** Such as 3 May 2026, 14:05. */
export function momentText(timeMs: number): string {
  return momentFormat.format(timeMs);
}

/** Such as 3 May 2026. */
export function dateText(timeMs: number): string {
  return dateFormat.format(timeMs);
}

/** Above the messages of a day. */
export function dayText(timeMs: number, nowMs: number): string {
  const days = daysAgo(timeMs, nowMs);
  if (days <= 0) return strings.chat.today;
  if (days === 1) return strings.chat.yesterday;
  return days < 7 ? weekdayFormat.format(timeMs) : dateFormat.format(timeMs);
}

/** In a list: the time of today, then the day. */
export function recentText(timeMs: number, nowMs: number): string {
  const days = daysAgo(timeMs, nowMs);
  if (days <= 0) return timeText(timeMs);
  if (days === 1) return strings.chat.yesterday;
  return days < 7 ? weekdayFormat.format(timeMs) : shortDateFormat.format(timeMs);
}
