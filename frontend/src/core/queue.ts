/** The requests of one element: a few at a time, the most wanted first, and none that nobody waits for any more. */

/** What a request is for. `distance` is small for what is wanted first, and Infinity for what is out of view. */
export interface Wanted {
  distance(): number;
}

interface Job {
  run(signal: AbortSignal): Promise<void>;
  fail(reason: unknown): void;
  wanted: Wanted;
  controller: AbortController | null;
}

/** Always wanted, and before every tile. */
export const NOW: Wanted = {distance: () => -1};

/** The most requests that wait for an answer at a time: what a browser opens to a host and half as much again of HTTP/1. */
export const MOST_PENDING = 8;

export class RequestQueue {
  private readonly waiting = new Set<Job>();
  private readonly running = new Set<Job>();
  /** Those that were aborted and have not come to their end yet: for so long they hold their connection. */
  private readonly ending = new Set<AbortController>();
  private planned = false;

  constructor(private readonly most = MOST_PENDING) {}

  /** The number of requests that wait for an answer, and of those that wait for their turn. */
  get pending(): number {
    return this.running.size + this.ending.size;
  }

  get queued(): number {
    return this.waiting.size;
  }

  /**
   * Call `request` when its turn comes and return what it does. While it is out of view it is aborted and waits; it is
   * called again when it comes back into view. Aborting `signal` gives it up: the promise is rejected with its reason.
   */
  add<Result>(
    request: (signal: AbortSignal) => Promise<Result>,
    wanted: Wanted = NOW,
    signal?: AbortSignal | null,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const job: Job = {
        run: async (own) => {
          resolve(await request(own));
        },
        fail: reject,
        wanted,
        controller: null,
      };
      signal?.addEventListener(
        'abort',
        () => {
          this.waiting.delete(job);
          reject(signal.reason as Error);
          this.stop(job);
          this.plan();
        },
        {once: true},
      );
      this.waiting.add(job);
      this.plan();
    });
  }

  /** Look again at what is wanted: after the view changed. */
  review(): void {
    for (const job of [...this.running]) {
      if (job.wanted.distance() === Infinity) {
        this.stop(job);
        this.waiting.add(job);
      }
    }
    this.plan();
  }

  /** Give everything up: the element is gone. */
  clear(): void {
    const gone = new DOMException('The viewer was removed.', 'AbortError');
    for (const job of [...this.running, ...this.waiting]) {
      job.fail(gone);
      this.stop(job);
    }
    this.waiting.clear();
  }

  private stop(job: Job): void {
    if (!this.running.delete(job) || !job.controller) return;
    this.ending.add(job.controller);
    job.controller.abort();
  }

  /** Start what there is room for once everything that is asked for now is known. */
  private plan(): void {
    if (this.planned) return;
    this.planned = true;
    queueMicrotask(() => {
      this.planned = false;
      this.start();
    });
  }

  private start(): void {
    const room = this.most - this.pending;
    if (room <= 0 || !this.waiting.size) return;
    const byDistance = [...this.waiting]
      .map((job) => ({job, distance: job.wanted.distance()}))
      .filter(({distance}) => distance !== Infinity)
      .sort((a, b) => a.distance - b.distance);
    for (const {job} of byDistance.slice(0, room)) {
      this.waiting.delete(job);
      this.running.add(job);
      void this.go(job);
    }
  }

  private async go(job: Job): Promise<void> {
    const controller = new AbortController();
    job.controller = controller;
    try {
      await job.run(controller.signal);
    } catch (error) {
      // One that left the view waits for its return.
      if (job.controller === controller && this.running.has(job)) job.fail(error);
    }
    this.ending.delete(controller);
    if (job.controller === controller) this.running.delete(job);
    this.plan();
  }
}
