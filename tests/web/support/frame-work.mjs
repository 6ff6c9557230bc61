// What frames cost, out of a trace of the browser.

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/**
 * Milliseconds of processor that the page's main thread spent for each frame: scripts, style,
 * layout, painting and the browser's own work, from the end of the frame before.
 */
export function frameWork(trace) {
  const events = trace.traceEvents;
  const counts = new Map();
  for (const event of events) {
    if (event.name !== 'FireAnimationFrame') continue;
    const thread = `${event.pid}/${event.tid}`;
    counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  const main = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const own = events
    .filter((event) => event.ph === 'X' && `${event.pid}/${event.tid}` === main)
    .sort((a, b) => a.ts - b.ts);
  const tasks = own.filter((event) => event.name === 'ThreadControllerImpl::RunTask');
  const starts = own.filter((event) => event.name === 'FireAnimationFrame').map((each) => each.ts);
  const frames = [];
  let work = 0;
  let next = 0;
  for (const task of tasks) {
    work += (task.tdur ?? task.dur) / 1_000;
    if (next >= starts.length || starts[next] >= task.ts + task.dur) continue;
    while (next < starts.length && starts[next] < task.ts + task.dur) next++;
    frames.push(work);
    work = 0;
  }
  return frames;
}
