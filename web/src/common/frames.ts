// Work that follows a stream is done once for each frame, and less often if it takes long.

/** `draw` runs in a later frame; calls until then count as one. It takes at most a quarter of the time. */
export function throttled(draw: () => void): () => void {
  let waits = false;
  let resting = 0;
  const run = (): void => {
    const start = performance.now();
    if (start < resting) {
      schedule();
      return;
    }
    waits = false;
    draw();
    const end = performance.now();
    resting = end + 3 * (end - start);
  };
  // A page in the background has no frames, and would keep its stream in memory undrawn: that is fine.
  const schedule = (): void => void requestAnimationFrame(run);
  return () => {
    if (waits) return;
    waits = true;
    schedule();
  };
}
