// What differences and charts show is computed from what the server says.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../src/console/api.ts";
import { gauges, quantiles, rates, summary, ticks } from "../../src/console/charts/series.ts";
import { pairsOf, rowsOf } from "../../src/console/diff/unified.ts";

const DIFF = `--- gateway.yaml
+++ gateway.yaml (edited)
@@ -9,5 +9,5 @@
 same
-  timeout: 60000  # milliseconds
+  timeout: 30000  # milliseconds
-gone
 --- a line that begins with dashes
+new
`;

test("rows have the numbers of both texts, and mark what differs", () => {
  const rows = rowsOf(DIFF);
  assert.deepEqual(
    rows.map((row) => [row.kind, row.before, row.after]),
    [
      ["gap", null, null],
      ["same", 9, 9],
      ["removed", 10, null],
      ["added", null, 10],
      ["removed", 11, null],
      ["same", 12, 11],
      ["added", null, 12],
    ],
  );
  const [removed, added] = [rows[2], rows[3]];
  assert.equal(removed?.text.slice(...(removed.mark as [number, number])), "6");
  assert.equal(added?.text.slice(...(added.mark as [number, number])), "3");
  assert.equal(rows[5]?.text, "--- a line that begins with dashes");
});

test("in two columns lines stand beside those that take their place", () => {
  const pairs = pairsOf(rowsOf("@@ -1 +1 @@\n-a\n-b\n+c\n same\n+d\n")).map(([one, other]) => [
    one?.text ?? null,
    other?.text ?? null,
  ]);
  assert.deepEqual(pairs, [
    ["a", "c"],
    ["b", null],
    ["same", "same"],
    [null, "d"],
  ]);
});

test("no difference has no rows", () => assert.deepEqual(rowsOf(""), []));

function sample(second: number, changes: Partial<Sample>): Sample {
  const time = new Date(1e12 + second * 1000).toISOString();
  const none = {
    requests: null,
    failed: null,
    client_closed: null,
    streams: null,
    connections: null,
    input_tokens: null,
  };
  return {
    ...none,
    output_tokens: null,
    received_bytes: null,
    sent_bytes: null,
    memory_bytes: null,
    first_byte: null,
    time,
    ...changes,
  };
}

test("a rate is the growth of a total over the time between samples", () => {
  const samples = [
    sample(0, { requests: 10 }),
    sample(2, { requests: 14 }),
    sample(3, { requests: 2 }),
    sample(4, {}),
    sample(5, { requests: 3 }),
  ];
  assert.deepEqual(
    rates(samples, "requests", 900).map((each) => each.value),
    [2, null, null, null],
  );
  assert.deepEqual(
    rates(samples, "requests", 5000).map((each) => each.value),
    [null],
  );
});

test("gauges are shown as they are", () => {
  assert.deepEqual(
    gauges([sample(0, { streams: 3 }), sample(1, {})], "streams").map((each) => each.value),
    [3, null],
  );
});

test("a quantile lies inside of the bucket in which it is", () => {
  const histogram = (low: number, high: number) => ({
    count: high,
    sum_seconds: 0,
    buckets: [
      ["0.1", low],
      ["0.5", high],
      ["+Inf", high],
    ] as [string, number][],
  });
  const samples = [sample(0, { first_byte: histogram(5, 5) }), sample(10, { first_byte: histogram(5, 15) })];
  assert.deepEqual(
    quantiles(samples, 0.5, 900).map((each) => each.value?.toFixed(2)),
    ["0.30"],
  );
  assert.deepEqual(
    quantiles([samples[1] as Sample, samples[1] as Sample], 0.5, 0).map((each) => each.value),
    [null],
  );
});

test("summaries and axes", () => {
  assert.deepEqual(
    summary([
      { time: 0, value: 1 },
      { time: 1, value: null },
      { time: 2, value: 3 },
    ]),
    { now: 3, highest: 3, mean: 2 },
  );
  assert.equal(summary([{ time: 0, value: null }]), null);
  assert.deepEqual(ticks(0), [0, 1]);
  assert.deepEqual(ticks(6), [0, 2, 4, 6]);
  assert.deepEqual(ticks(0.3).length <= 6, true);
});
