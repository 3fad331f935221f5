// What charts draw, computed from samples: rates from totals, quantiles from histograms.

import type { Sample } from "../api.ts";

export interface Point {
  /** Milliseconds since 1970. */
  time: number;
  /** Null where nothing is known: the line has a gap there. */
  value: number | null;
}

type Total =
  | "requests"
  | "failed"
  | "client_closed"
  | "input_tokens"
  | "output_tokens"
  | "received_bytes"
  | "sent_bytes";
type Gauge = "streams" | "connections" | "memory_bytes";

/** How much a total has grown each second, between samples that are at least `step` milliseconds apart. */
export function rates(samples: readonly Sample[], name: Total, step: number): Point[] {
  return steps(samples, step).map(([before, after]) => {
    const [one, other] = [before[name], after[name]];
    const seconds = (timeOf(after) - timeOf(before)) / 1000;
    // A total that shrinks belongs to a gateway that was started again.
    const value = one === null || other === null || seconds <= 0 ? null : other >= one ? (other - one) / seconds : null;
    return { time: timeOf(after), value };
  });
}

export function gauges(samples: readonly Sample[], name: Gauge): Point[] {
  return samples.map((sample) => ({ time: timeOf(sample), value: sample[name] }));
}

/** The time in seconds under which this part of the first bytes came, of those between two samples. */
export function quantiles(samples: readonly Sample[], part: number, step: number): Point[] {
  return steps(samples, step).map(([before, after]) => ({
    time: timeOf(after),
    value: quantile(before.first_byte, after.first_byte, part),
  }));
}

type Histogram = Sample["first_byte"];

function quantile(before: Histogram, after: Histogram, part: number): number | null {
  if (!after) return null;
  const old = new Map(before?.buckets ?? []);
  const buckets = after.buckets.map(
    ([bound, total]) => [Number(bound === "+Inf" ? Infinity : bound), total - (old.get(bound) ?? 0)] as const,
  );
  const all = buckets.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  const wanted = part * all;
  let low = 0;
  let below = 0;
  for (const [bound, total] of buckets) {
    if (total >= wanted) {
      if (bound === Infinity) return low;
      return low + (bound - low) * (total === below ? 1 : (wanted - below) / (total - below));
    }
    low = bound;
    below = total;
  }
  return low;
}

function steps(samples: readonly Sample[], step: number): [Sample, Sample][] {
  const found: [Sample, Sample][] = [];
  let before = samples[0];
  for (const sample of samples.slice(1)) {
    if (!before || timeOf(sample) - timeOf(before) < step) continue;
    found.push([before, sample]);
    before = sample;
  }
  return found;
}

function timeOf(sample: Sample): number {
  return Date.parse(sample.time);
}

export interface Summary {
  now: number;
  highest: number;
  mean: number;
}

export function summary(points: readonly Point[]): Summary | null {
  const values = points.map((each) => each.value).filter((each) => each !== null);
  if (values.length === 0) return null;
  return {
    now: values.at(-1) as number,
    highest: values.reduce((one, other) => Math.max(one, other)),
    mean: values.reduce((one, other) => one + other) / values.length,
  };
}

/** Round values of an axis that covers 0 to `highest`: at most five. */
export function ticks(highest: number): number[] {
  if (!(highest > 0)) return [0, 1];
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) as number;
  return Array.from({ length: Math.ceil(highest / step - 1e-9) + 1 }, (_, index) => index * step);
}
