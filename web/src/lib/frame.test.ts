import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Frames } from './frame';

let waiting: (() => void)[] = [];

beforeEach(() => {
  waiting = [];
  vi.stubGlobal('requestAnimationFrame', (act: () => void) => waiting.push(act));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function nextFrame(): void {
  const now = waiting;
  waiting = [];
  for (const act of now) act();
}

test('what is asked for twice is drawn once, as it was asked for last', () => {
  const frames = new Frames();
  const drawn: string[] = [];
  frames.draw('a', () => drawn.push('old'));
  frames.draw('a', () => drawn.push('new'));
  expect(waiting.length).toBe(1);
  nextFrame();
  expect(drawn).toEqual(['new']);
  expect(waiting.length).toBe(0);
});

test('what can wait is drawn one a frame, after what cannot', () => {
  const frames = new Frames();
  const drawn: string[] = [];
  for (const name of ['x', 'y']) frames.drawLater(name, () => drawn.push(name));
  frames.draw('a', () => drawn.push('a'));
  nextFrame();
  expect(drawn).toEqual(['a']);
  nextFrame();
  expect(drawn).toEqual(['a', 'x']);
  nextFrame();
  expect(drawn).toEqual(['a', 'x', 'y']);
  expect(waiting.length).toBe(0);
});

test('what can wait gets its turn though each frame has urgent work', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const frames = new Frames();
  const drawn: string[] = [];
  frames.drawLater('x', () => drawn.push('x'));
  for (let frame = 0; frame < 5; frame++) {
    frames.draw('a', () => drawn.push('a'));
    nextFrame();
    now += 100;
  }
  expect(drawn).toEqual(['a', 'a', 'a', 'a', 'x', 'a']);
});

test('one panel that cannot draw does not still the others', () => {
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
  const frames = new Frames();
  const drawn: string[] = [];
  frames.draw('bad', () => {
    throw new Error('no');
  });
  frames.draw('good', () => drawn.push('good'));
  nextFrame();
  expect(drawn).toEqual(['good']);
  expect(complaint).toHaveBeenCalledOnce();
});

test('a frame counts what was taken in for it, once', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const frames = new Frames();
  frames.take(() =>
    frames.take(() => {
      now += 3;
    }),
  );
  frames.draw('a', () => {
    now += 2;
  });
  nextFrame();
  expect(frames.work.toArray()).toEqual([5]);
});
