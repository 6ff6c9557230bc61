import { Ring } from './ring';

/** Samples kept for tests and for the strip: about seven minutes at ten updates a second. */
const SAMPLES = 4_096;
/** What can wait waits for a frame of its own at most this long. */
const LATER_MS = 200;

/**
 * All drawing happens here: once a frame at most, and only what was asked for. What can wait is
 * spread, one job a frame, so that no frame is long.
 *
 * Work is what the main thread did for a frame: taking updates in since the last frame, and the
 * drawing itself.
 */
export class Frames {
  readonly work = new Ring(SAMPLES);
  /** Milliseconds from a change's time to the frame that showed it. */
  readonly freshness = new Ring(SAMPLES);
  private readonly jobs = new Map<string, () => void>();
  private readonly later = new Map<string, () => void>();
  private readonly after = new MessageChannel();
  private shown: (() => void)[] = [];
  private laterAt = 0;
  private requested = false;
  private intake = 0;
  private taking = false;

  constructor() {
    this.after.port1.onmessage = () => {
      const shown = this.shown;
      this.shown = [];
      for (const act of shown) act();
    };
  }

  /** Time `act` as work for the next frame. */
  take<T>(act: () => T): T {
    if (this.taking) return act();
    const start = performance.now();
    this.taking = true;
    try {
      return act();
    } finally {
      this.taking = false;
      this.intake += performance.now() - start;
    }
  }

  /** Draw in the next frame; asking twice under one name draws once. */
  draw(name: string, job: () => void): void {
    this.jobs.set(name, job);
    this.request();
  }

  /** Draw in one of the next frames, when those before it in the queue are drawn. */
  drawLater(name: string, job: () => void): void {
    if (this.later.size === 0) this.laterAt = performance.now();
    this.later.set(name, job);
    this.request();
  }

  private request(): void {
    if (this.requested) return;
    this.requested = true;
    requestAnimationFrame(() => this.run());
  }

  /** Act once the frame under way is on the screen. */
  afterFrame(act: () => void): void {
    this.shown.push(act);
  }

  private run(): void {
    this.requested = false;
    const start = performance.now();
    const jobs = [...this.jobs.values()];
    this.jobs.clear();
    const [next] = this.later;
    // On a machine so slow that each frame has urgent work, what can wait still gets its turn.
    if (next && (jobs.length === 0 || start - this.laterAt > LATER_MS)) {
      this.later.delete(next[0]);
      this.laterAt = start;
      jobs.push(next[1]);
    }
    for (const job of jobs) {
      try {
        job();
      } catch (error) {
        // One panel that cannot draw must not still the others.
        console.error(error);
      }
    }
    this.work.add(this.intake + performance.now() - start);
    this.intake = 0;
    if (this.later.size > 0) this.request();
    if (this.shown.length > 0) this.after.port2.postMessage(null);
  }
}
