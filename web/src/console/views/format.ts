// Times, sizes and durations as readers of the chosen language write them.

import { language, number } from "../../common/i18n.ts";

export function clock(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toLocaleTimeString(language(), { hour12: false });
}

/** With the day, unless it is today. */
export function moment(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const today = date.toDateString() === new Date().toDateString();
  return today
    ? clock(time)
    : date.toLocaleString(language(), { dateStyle: "medium", timeStyle: "medium", hour12: false });
}

export function milliseconds(value: number | null): string {
  if (value === null) return "–";
  if (value < 1000) return `${number(value, value < 10 ? 1 : 0)} ms`;
  if (value < 60_000) return `${number(value / 1000, value < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(value / 60_000);
  return `${number(minutes)} min ${number(Math.round((value % 60_000) / 1000))} s`;
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number | null): string {
  if (value === null) return "–";
  let size = 0;
  while (value >= 1024 && size < SIZES.length - 1) {
    value /= 1024;
    size++;
  }
  return `${number(value, value < 10 && size > 0 ? 1 : 0)} ${SIZES[size]}`;
}

export function count(value: number | null): string {
  return value === null ? "–" : number(value);
}

/** A number for a chart's axis or headline: short, with a unit of thousands. */
export function short(value: number): string {
  if (value >= 1e6) return `${number(value / 1e6, 1)} M`;
  if (value >= 10_000) return `${number(value / 1e3, 1)} k`;
  return number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}
