/** Round places for an axis: about `count` of them within [low, high]. */
export function niceTicks(low: number, high: number, count: number): number[] {
  if (!Number.isFinite(low) || !Number.isFinite(high) || high < low) return [];
  if (high === low) return [low];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks: number[] = [];
  for (let at = first; at <= last && ticks.length < 50; at++) ticks.push(at === 0 ? 0 : at * step);
  return ticks;
}

/** A place on a line that is mapped to another. */
export function scale(from: readonly [number, number], to: readonly [number, number]) {
  const width = from[1] - from[0] || 1;
  return (value: number) => to[0] + ((value - from[0]) / width) * (to[1] - to[0]);
}
